#!/usr/bin/env node
import { supervise } from './supervise.ts';

process.exitCode = await supervise();
