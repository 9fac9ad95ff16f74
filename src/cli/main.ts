#!/usr/bin/env node
import { createProgram } from './program.ts';
import { watchOutput } from './run-command.ts';

watchOutput();
await createProgram().parseAsync();
