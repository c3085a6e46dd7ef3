import { join } from 'node:path';

/** Root of the checkout; this file runs from .perf-dist/perf. */
export const repositoryRoot: string = join(import.meta.dirname, '..', '..');

/** The CLI as it is shipped. */
export const gaitBin: string = join(repositoryRoot, 'dist', 'cli', 'main.js');

/** Where results go; not kept in the repository. */
export const resultsDir: string = join(repositoryRoot, 'perf', 'results');
