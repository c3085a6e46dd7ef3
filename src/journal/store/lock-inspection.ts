/**
 * Who holds a journal's lock, as far as it can be seen from outside, and whether what lies there can be left to the next
 * writer. Waits for nobody and leaves the files as they are; the kernel lock is tried for an instant, and only when
 * something lies there.
 */
import { DIRECTORY_STALE_MS } from './directory-lock.js';
import { errnoOf, type FileStat, type FileSystem } from './file-system.js';
import { readWhole } from './file-range.js';
import { judgeGoLock } from './go-lock-file.js';
import { isKeptDirectory, isLeftByDeadLocalWriter, type GuardRecord } from './guard-record.js';
import { hostIdentity, isProcessAlive } from './host-identity.js';
import { ownerOf, type LockOwner } from './lock-owner.js';
import type { JournalPaths } from './journal-paths.js';
import { KernelGuard } from './kernel-guard.js';
import { monotonicMs } from './monotonic.js';

/**
 * - `free`: nobody is writing.
 * - `held`: a living local writer has it.
 * - `elsewhere`: a lock that a writer on another host, or the Go tool, may still be using.
 * - `abandoned`: its writer is gone; the next append removes it.
 */
export interface LockFinding {
  readonly state: 'free' | 'held' | 'elsewhere' | 'abandoned';
  readonly owner?: LockOwner;
  /** Milliseconds since the lock was taken or last refreshed. */
  readonly ageMs?: number;
}

/** A Go lock file is one short line. */
const MAX_LOCK_FILE_BYTES = 4_096;

/** @param staleAfterMs age at which a lock of the Go tool counts as abandoned */
export async function inspectLock(
  fs: FileSystem,
  paths: Pick<JournalPaths, 'lock' | 'guard'>,
  nowMs: number,
  staleAfterMs: number,
): Promise<LockFinding> {
  const { record, isHeld } = await lookAtGuard(fs, paths.guard, nowMs);
  const found = fs.lstat(paths.lock);
  if (isHeld && record !== undefined) {
    return {
      state: 'held',
      owner: ownerOf(record),
      ageMs: nowMs - record.at,
    };
  }
  if (isHeld) return { state: 'held', owner: { kind: 'local writer' } };
  if (found === undefined) return { state: 'free' };
  const ageMs = nowMs - found.mtimeMs;
  if (found.kind !== 'directory') return ofGoTool(fs, paths.lock, found, nowMs, staleAfterMs);
  const me = hostIdentity();
  if (isKeptDirectory(record, me, found)) {
    // Between two commits of a writer that lives, or left to the next one.
    return { state: isProcessAlive(record.pid) ? 'held' : 'abandoned', owner: ownerOf(record), ageMs };
  }
  const owner: LockOwner = { kind: 'lock directory' };
  const isLeft = isLeftByDeadLocalWriter(record, me, found) || ageMs > DIRECTORY_STALE_MS;
  return { state: isLeft ? 'abandoned' : 'elsewhere', owner, ageMs };
}

function ofGoTool(
  fs: FileSystem,
  path: string,
  { mtimeMs }: FileStat,
  nowMs: number,
  staleAfterMs: number,
): LockFinding {
  const content = readWhole(fs, path, MAX_LOCK_FILE_BYTES).toString('utf8');
  const { isStale, pid } = judgeGoLock({ content, mtimeMs, nowMs, staleAfterMs, isProcessAlive });
  const owner: LockOwner = { kind: 'go tool', ...(pid === undefined ? {} : { pid }) };
  return { state: isStale ? 'abandoned' : 'elsewhere', owner, ageMs: nowMs - mtimeMs };
}

/** What the guard says. Without a kernel lock, or the right to try it, nobody is known to hold it. */
async function lookAtGuard(
  fs: FileSystem,
  path: string,
  nowMs: number,
): Promise<{ readonly record?: GuardRecord | undefined; readonly isHeld: boolean }> {
  const kernel = fs.kernelLock();
  if ('unavailable' in kernel || fs.lstat(path) === undefined) return { isHeld: false };
  let guard: KernelGuard;
  try {
    guard = new KernelGuard(fs, kernel, path, () => nowMs);
  } catch (error) {
    // Somebody else's file: that a lock lies there is all that can be told.
    if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM') return { isHeld: false };
    throw error;
  }
  try {
    const isFree = await guard.enter({ deadline: monotonicMs(), retryMs: 1 });
    if (isFree) guard.leave();
    return { record: guard.readRecord(), isHeld: !isFree };
  } finally {
    guard.close();
  }
}
