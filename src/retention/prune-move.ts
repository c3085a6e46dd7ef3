/** Moves things of sessions under their writer locks, and only when they still are what the intent says. */
import { join } from 'node:path';
import { isGaitError } from '../errors.js';
import {
  inspectSession,
  makeDirectories,
  resolveWorld,
  withWriterLock,
  type SessionInspection,
} from '../journal/index.js';
import { environmentOf, type LedgerOptions } from './ledger.js';
import { isOfSession } from './prune-check.js';
import { segmentNamed } from './prune-removals.js';
import type { Removal } from './tombstones.js';
import type { Mover } from './trash-removal.js';

/** @param options how locks are waited for: a session that is written to stays, and the receipt says so */
export function sessionMover(root: string, options: LedgerOptions): Mover {
  const { fs } = resolveWorld(options);
  return async (removal, move) => {
    const moveIt = (): string | undefined => (move() ? undefined : 'it was gone already');
    if (!isOfSession(removal)) return moveIt();
    const path = join(root, removal.item.path);
    try {
      if (fs.lstat(path) === undefined) return 'there is no journal any more';
      // The lock lies in there; journals of the Go tool have no such folder.
      makeDirectories(fs, `${path}.gait`);
      return await withWriterLock(path, options, async () => {
        const reason = whyNot(removal, await inspectSession(path, environmentOf(options)));
        return reason ?? moveIt();
      });
    } catch (error) {
      if (!isGaitError(error)) throw error;
      if (error.code === 'LOCK_TIMEOUT') return 'another writer holds the session';
      if (error.category === 'verification_failed' || error.code === 'JOURNAL_NOT_FOUND') return error.message;
      throw error;
    }
  };
}

function whyNot({ item }: Removal, now: SessionInspection): string | undefined {
  if (item.kind === 'session' && now.status.head !== item.head) return 'the session has changed since it was planned';
  if (item.kind === 'segment' && segmentNamed(now, item.name)?.contentSha256 !== item.content_sha256) {
    return 'the segment has changed since it was planned';
  }
  return undefined;
}
