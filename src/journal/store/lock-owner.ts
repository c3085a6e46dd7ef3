/** Who is in the way of a writer, and the error that says so. */
import { GaitError } from '../../errors.js';
import type { GuardRecord } from './guard-record.js';
import { monotonicMs } from './monotonic.js';

/** As far as it can be known. */
export interface LockOwner {
  readonly host?: string;
  readonly pid?: number;
  readonly kind: 'local writer' | 'go tool' | 'lock directory' | 'unknown';
}

/** How a writer waited in vain. */
export interface Wait {
  readonly path: string;
  readonly owner: LockOwner;
  /** Value of monotonicMs() when it began. */
  readonly startedAt: number;
  readonly attempts: number;
  readonly timeoutMs: number;
  readonly retryMs: number;
}

export function ownerOf(record: GuardRecord | undefined): LockOwner {
  return record === undefined ? { kind: 'unknown' } : { kind: 'local writer', host: record.host, pid: record.pid };
}

export function lockTimeout({ path, owner, startedAt, attempts, timeoutMs, retryMs }: Wait): GaitError {
  const waitedMs = Math.round(monotonicMs() - startedAt);
  const who = [owner.kind, owner.pid && `pid ${owner.pid}`, owner.host && `on ${owner.host}`].filter(Boolean).join(' ');
  return new GaitError('LOCK_TIMEOUT', `journal is locked by another writer (${who}) after ${waitedMs} ms of waiting`, {
    details: { path, owner, waited_ms: waitedMs, attempts, timeout_ms: timeoutMs, retry_ms: retryMs },
  });
}
