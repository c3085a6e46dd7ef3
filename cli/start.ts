#!/usr/bin/env node
/** Where the process begins: brings the command line itself into memory, by the quickest way there is. */
import { createRequire } from 'node:module';
import { cacheFolder, enableCompileCache } from './compile-cache.js';
import { canKeepCode, KeptCode } from './kept-code.js';

/** Beside this file in the bundle: cli/main.ts and what it stands on. */
const COMMAND_LINE = './gait.js';

const load = createRequire(import.meta.url);
const folder = cacheFolder(process.env);
if (folder === undefined || enableCompileCache(process.env, folder) || !canKeepCode(process)) {
  load(COMMAND_LINE);
} else {
  const code = new KeptCode(folder, load);
  process.once('exit', () => code.keep());
  code.load(load.resolve(COMMAND_LINE));
}
