import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Root of the checkout; this file runs from .perf-dist/perf, and from perf in tests. */
export const repositoryRoot: string = rootAbove(import.meta.dirname);

/** The CLI as it is shipped. */
export const gaitBin: string = join(repositoryRoot, 'dist', 'cli', 'main.js');

/** Where results go; not kept in the repository, except for the reference run. */
export const resultsDir: string = join(repositoryRoot, 'perf', 'results');

/** What users would pick instead; installed by perf/install-peers.ts. */
export const peersDir: string = join(repositoryRoot, 'perf', 'peers');

function rootAbove(dir: string): string {
  if (existsSync(join(dir, 'package.json'))) return dir;
  if (dirname(dir) === dir) throw new Error('not inside a checkout');
  return rootAbove(dirname(dir));
}
