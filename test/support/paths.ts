import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const repositoryRoot: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What `tsc -p tsconfig.build.json` writes: `dist/src` and `dist/cli`. */
export const distDir: string = join(repositoryRoot, 'dist');

/** The CLI's entry as users run it. */
export const gaitBin: string = join(distDir, 'cli', 'main.js');

/** Where child processes leave their coverage in a run with `--coverage`; read by scripts/coverage.mjs. */
export const childCoverageDir: string = join(repositoryRoot, '.coverage', 'children');
