/**
 * What the local holder of the kernel lock wrote about itself at the start of `P.gait/guard`.
 *
 * It answers two questions about a lock directory that lies there while we hold the kernel lock. May it be removed at once?
 * Yes, if a local writer claimed it and did not live to say that it was done. May it be used as it is? Yes, if the local
 * writers keep it among themselves.
 */
import type { FileStat } from './file-system.js';
import type { HostIdentity } from './host-identity.js';

export interface GuardRecord {
  /**
   * `claimed` is written before the lock directory is made, `idle` after it is gone or where none is used. `kept`: the
   * directory of that inode and time stays for now, and belongs to whoever of this host holds the kernel lock.
   */
  readonly phase: 'idle' | 'claimed' | 'kept';
  /** An exclusive holder keeps the lock for long: waiting for it in the kernel would pin a thread. */
  readonly mode: 'shared' | 'exclusive';
  readonly host: string;
  readonly boot: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Inode of the lock directory, known in exclusive mode and of a kept one; else 0. */
  readonly ino: number;
  /** Modification time of a kept directory, in milliseconds since 1970; else 0. */
  readonly mtime: number;
  /** Since when the directory was never gone for long; see busy-stretch.ts. */
  readonly since: number;
  /** When an idle directory was removed. */
  readonly freed: number;
}

/** The record has a fixed size, so that it is replaced by one write. */
export const GUARD_RECORD_BYTES = 512;

const LF = 0x0a;

/** Most that the clocks of this host and of the file server may differ for a claim to be matched by its time. */
const MATCH_WINDOW_MS = 2_000;

/**
 * A kept directory that is older is not used any more. Far below the age at which other hosts take it over, so that this
 * cannot happen while we write.
 */
const KEPT_FRESH_MS = 2_000;

export function encodeGuardRecord(record: GuardRecord): Buffer {
  const bytes = Buffer.alloc(GUARD_RECORD_BYTES, ' ');
  // A record that does not fit is cut, and reads as none: the lock directory then has to grow stale by itself.
  bytes.write(JSON.stringify(record), 0, GUARD_RECORD_BYTES - 1, 'latin1');
  bytes[GUARD_RECORD_BYTES - 1] = LF;
  return bytes;
}

/** Undefined for anything that is not a whole record: the file is a hint and may hold anything. */
export function decodeGuardRecord(bytes: Uint8Array): GuardRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('latin1'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Partial<Record<keyof GuardRecord, unknown>>;
  const { phase, mode, host, boot, pid, at, ino, mtime = 0, since = 0, freed = 0 } = record;
  if (phase !== 'idle' && phase !== 'claimed' && phase !== 'kept') return undefined;
  if (mode !== 'shared' && mode !== 'exclusive') return undefined;
  if (typeof host !== 'string' || typeof boot !== 'string') return undefined;
  if (!Number.isSafeInteger(pid) || typeof at !== 'number' || typeof ino !== 'number') return undefined;
  if (typeof mtime !== 'number' || typeof since !== 'number' || typeof freed !== 'number') return undefined;
  return { phase, mode, host, boot, pid: pid as number, at, ino, mtime, since, freed };
}

/**
 * Whether the lock directory was left by a local writer that is dead for sure. Ask only while holding the kernel lock:
 * a live local writer would hold it itself.
 *
 * The claim is ours when the machine (or its kernel, for containers) is the same. Whether the directory belongs to the
 * claim is told by its inode, or, for the short claims of shared mode, by its time: a directory that another host made
 * after our writer died is younger than the claim.
 */
export function isLeftByDeadLocalWriter(
  record: GuardRecord | undefined,
  me: HostIdentity,
  directory: FileStat,
): boolean {
  if (record?.phase !== 'claimed' || !isOfThisHost(record, me)) return false;
  if (record.ino !== 0) return record.ino === directory.ino;
  return Math.abs(directory.mtimeMs - record.at) <= MATCH_WINDOW_MS;
}

/**
 * Whether the lock directory is the one that the local writers keep. Inode and time must both fit: whoever took it over
 * from another host may have been given the same inode.
 */
export function isKeptDirectory(
  record: GuardRecord | undefined,
  me: HostIdentity,
  directory: FileStat,
): record is GuardRecord {
  if (record?.phase !== 'kept' || !isOfThisHost(record, me)) return false;
  return record.ino === directory.ino && Math.round(record.mtime) === Math.round(directory.mtimeMs);
}

/** Whether it may be used as it is; else it is removed, as those of dead writers are. */
export function isFresh({ mtimeMs }: Pick<FileStat, 'mtimeMs'>, nowMs: number): boolean {
  return Math.abs(nowMs - mtimeMs) < KEPT_FRESH_MS;
}

function isOfThisHost(record: GuardRecord, me: HostIdentity): boolean {
  return record.boot === me.boot || record.host === me.host;
}
