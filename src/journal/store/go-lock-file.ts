/**
 * The Go tool's writer lock: a file at the path where we make a directory, so that each tool shuts out the other.
 *
 * Its holder writes one JSON line with its pid and the time, and never refreshes it. Its own rule calls the lock stale when
 * that time is older than a limit; an empty or future-dated file, left by a crash or a clock set back, blocks the Go tool
 * for ever (W9) but not us.
 */

/** Longest a live Go process leaves the file empty: it writes right after creating it. */
const EMPTY_GRACE_MS = 1_000;

export interface GoLockFacts {
  readonly content: string;
  readonly mtimeMs: number;
  readonly nowMs: number;
  readonly staleAfterMs: number;
  readonly isProcessAlive: (pid: number) => boolean;
}

export interface GoLockVerdict {
  readonly isStale: boolean;
  readonly pid?: number;
}

export function judgeGoLock(facts: GoLockFacts): GoLockVerdict {
  const { nowMs, staleAfterMs } = facts;
  const { createdAtMs, pid } = parse(facts.content);
  const owner = pid === undefined ? {} : { pid };
  const mtimeAgeMs = nowMs - facts.mtimeMs;
  if (createdAtMs === undefined) return { isStale: mtimeAgeMs > EMPTY_GRACE_MS, ...owner };
  if (createdAtMs <= nowMs) return { isStale: nowMs - createdAtMs > staleAfterMs, ...owner };
  // Dated in the future: the file's own time decides, and if that lies ahead too, whether its process still runs.
  if (mtimeAgeMs >= 0) return { isStale: mtimeAgeMs > staleAfterMs, ...owner };
  return { isStale: pid !== undefined && !facts.isProcessAlive(pid), ...owner };
}

function parse(content: string): { createdAtMs?: number; pid?: number } {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null) return {};
  const { created_at: createdAt, pid } = value as { created_at?: unknown; pid?: unknown };
  const createdAtMs = typeof createdAt === 'string' ? Date.parse(createdAt) : Number.NaN;
  return {
    ...(Number.isNaN(createdAtMs) ? {} : { createdAtMs }),
    ...(typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 ? { pid } : {}),
  };
}
