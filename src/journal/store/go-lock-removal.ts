/** Takes an abandoned lock file of the Go tool out of the way, so that two who judge at once remove nobody's live one. */
import { errnoOf, type FileStat, type FileSystem } from './file-system.js';
import { judgeGoLock } from './go-lock-file.js';
import { isProcessAlive } from './host-identity.js';
import type { LockOwner } from './lock-owner.js';
import type { WriterLockSettings } from './lock-settings.js';

/** Undefined when nothing is in the way any more; otherwise who seems to hold it. */
export function clearGoLock(
  fs: FileSystem,
  path: string,
  found: FileStat,
  settings: Pick<WriterLockSettings, 'clock' | 'staleAfterMs' | 'nonce'>,
): LockOwner | undefined {
  try {
    return clear(fs, path, found, settings);
  } catch (error) {
    // Its owner, or another waiter, moved it while we looked: look again after a pause.
    if (errnoOf(error) === 'ENOENT') return { kind: 'go tool' };
    throw error;
  }
}

function clear(
  fs: FileSystem,
  path: string,
  { ino, mtimeMs }: FileStat,
  { clock, staleAfterMs, nonce }: Pick<WriterLockSettings, 'clock' | 'staleAfterMs' | 'nonce'>,
): LockOwner | undefined {
  const content = readSmallFile(fs, path);
  const verdict = judgeGoLock({ content, mtimeMs, nowMs: clock(), staleAfterMs, isProcessAlive });
  if (!verdict.isStale) return { kind: 'go tool', ...(verdict.pid === undefined ? {} : { pid: verdict.pid }) };
  // Two waiters may judge at once (W10): move the file aside, and put it back if it is not the one that was judged.
  const aside = `${path}.stale-${nonce()}`;
  fs.rename(path, aside);
  const isTheJudgedOne = fs.lstat(aside)?.ino === ino;
  try {
    if (!isTheJudgedOne) fs.link(aside, path);
  } catch (error) {
    // A third lock came in between; the fence before every write settles who may go on.
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    fs.unlink(aside);
  }
  return isTheJudgedOne ? undefined : { kind: 'go tool' };
}

function readSmallFile(fs: FileSystem, path: string): string {
  const buffer = Buffer.alloc(4096);
  const descriptor = fs.open(path, 'read');
  try {
    return buffer.toString('utf8', 0, fs.read(descriptor, buffer, 0, buffer.length, 0));
  } finally {
    fs.close(descriptor);
  }
}
