import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const repositoryRoot: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where child processes leave their coverage in a run with `--coverage`; read by scripts/coverage.mjs. */
export const childCoverageDir: string = join(repositoryRoot, '.coverage', 'children');

/** Counts of the long form, a line each, while it runs. */
export const FAULT_COUNTS: string = join(repositoryRoot, '.coverage', 'fault-counts.txt');
