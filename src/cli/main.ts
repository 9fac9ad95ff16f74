#!/usr/bin/env node
import { checkNames, createProgram } from './program.ts';
import { watchOutput } from './run-command.ts';

watchOutput();
await checkNames(process.argv.slice(2));
await createProgram().parseAsync();
