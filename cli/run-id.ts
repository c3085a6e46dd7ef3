/** Where the runpack of a run is, when only the run's id is given: the Go tool's rule. Pure. */
import { join } from 'node:path';
import type { Io } from './io.js';

/** Whether a word can only be a path. */
export function isPath(word: string): boolean {
  return /[\\/]/.test(word) || /\.zip$/i.test(word);
}

/** Paths at which the runpack of a run may be, in the order in which they count. */
export function runpackPaths(runId: string, { env }: Io): readonly [string, ...string[]] {
  const file = `runpack_${runId}.zip`;
  const home = env['HOME'] ?? '';
  return [join('gait-out', file), ...(home === '' ? [] : [join(home, '.gait', 'runpacks', file)])];
}
