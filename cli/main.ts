#!/usr/bin/env node
/** What comes before everything else, so that everything else is compiled once and not again at each start. */
import { enableCompileCache } from './compile-cache.js';

enableCompileCache(process.env);

// Not awaited here: the CLI is bundled as CommonJS, which has no await outside functions.
void import('./process.js').then(({ runProcess }) => runProcess());
