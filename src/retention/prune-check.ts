/** What is checked before anything is removed: that the evidence concerned is what it claims to be, and can be moved. */
import { join } from 'node:path';
import { GaitError } from '../errors.js';
import { resolveWorld, verifyJournal, type Environment, type Tombstones } from '../journal/index.js';
import type { Removal } from './tombstones.js';

/**
 * Verifies every session of which something is to go. Without a lock: whoever appends meanwhile is not held up, and what is
 * moved is compared again under the lock.
 *
 * @throws GaitError JOURNAL_CORRUPT naming the first that does not verify: nothing has been removed; IO_ERROR; the signal's
 * reason
 */
export async function refuseInvalidEvidence(
  root: string,
  removals: readonly Removal[],
  tombstones: Tombstones,
  options: { readonly environment: Environment; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { environment, signal } = options;
  const journals = new Set(removals.filter(isOfSession).map(({ item }) => item.path));
  for (const journal of journals) {
    const path = join(root, journal);
    const report = await verifyJournal(path, {
      ...environment,
      tombstones,
      ...(signal === undefined ? {} : { signal }),
    });
    const [problem] = report.problems;
    if (problem === undefined) continue;
    throw new GaitError('JOURNAL_CORRUPT', `${path} does not verify, so nothing was removed: ${problem.meaning}`, {
      hint: 'run gait verify on it; evidence that was tampered with must not be pruned away',
      details: { path, problem: problem.kind, line: problem.line, problem_count: report.problem_count },
    });
  }
}

/** Throws IO_ERROR for a file that no rename can move into the trash: the root would be left half pruned. */
export function refuseOtherFileSystems(root: string, removals: readonly Removal[], environment: Environment): void {
  const { fs } = resolveWorld(environment);
  const { dev } = fs.stat(root);
  for (const { files } of removals) {
    for (const file of files) {
      const found = fs.lstat(join(root, file));
      if (found === undefined || found.dev === dev) continue;
      throw new GaitError('IO_ERROR', `${join(root, file)} lies on another file system than the root`, {
        hint: 'prune that file system with a root of its own',
        details: { path: join(root, file) },
      });
    }
  }
}

/** What is removed under the writer lock of a journal. */
export function isOfSession({ item }: Removal): boolean {
  return item.kind === 'session' || item.kind === 'segment' || item.kind === 'payload';
}
