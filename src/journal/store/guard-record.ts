/**
 * What the last local holder of the kernel lock wrote about itself at the start of `P.gait/guard`.
 *
 * It answers one question: may a lock directory that lies there while we hold the kernel lock be removed at once? Yes, if
 * a local writer claimed it and did not live to say that it was done.
 */
import type { FileStat } from './file-system.js';
import type { HostIdentity } from './host-identity.js';

export interface GuardRecord {
  /** `claimed` is written before the lock directory is made, `idle` after it is gone or where none is used. */
  readonly phase: 'idle' | 'claimed';
  /** An exclusive holder keeps the lock for long: waiting for it in the kernel would pin a thread. */
  readonly mode: 'shared' | 'exclusive';
  readonly host: string;
  readonly boot: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Inode of the lock directory, known in exclusive mode. */
  readonly ino: number;
}

/** The record has a fixed size, so that it is replaced by one write. */
export const GUARD_RECORD_BYTES = 512;

const LF = 0x0a;

/** Most that the clocks of this host and of the file server may differ for a claim to be matched by its time. */
const MATCH_WINDOW_MS = 2_000;

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
  const { phase, mode, host, boot, pid, at, ino } = record;
  if (phase !== 'idle' && phase !== 'claimed') return undefined;
  if (mode !== 'shared' && mode !== 'exclusive') return undefined;
  if (typeof host !== 'string' || typeof boot !== 'string') return undefined;
  if (!Number.isSafeInteger(pid) || typeof at !== 'number' || typeof ino !== 'number') return undefined;
  return { phase, mode, host, boot, pid: pid as number, at, ino };
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
  if (record?.phase !== 'claimed') return false;
  if (record.boot !== me.boot && record.host !== me.host) return false;
  if (record.ino !== 0) return record.ino === directory.ino;
  return Math.abs(directory.mtimeMs - record.at) <= MATCH_WINDOW_MS;
}
