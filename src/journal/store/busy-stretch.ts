/**
 * How long local writers may keep others out who poll for the lock directory: other hosts and the Go tool.
 *
 * The Go tool looks every 50 ms and gives up after two seconds. Writers of one host hand the directory on, or make it again
 * at once, so that it might never be gone when somebody looks. So a stretch of time in which it was never gone for
 * `LULL_MS` in one piece ends after `MAX_BUSY_MS`: then it is removed, and nobody of this host makes it again before
 * the lull is over. One look at least falls into that.
 */

/** Half of the patience of the Go tool. */
export const MAX_BUSY_MS = 1_000;

/** More than the Go tool, and gait with its defaults, waits between two looks. */
export const LULL_MS = 55;

/** What a guard record says of the past. */
export interface BusyPast {
  readonly since: number;
  readonly freed: number;
}

/** Whether the directory has to be removed. So it has when the clock was set back: nobody knows how long it has been. */
export function isOverdue(since: number, nowMs: number): boolean {
  return !(nowMs >= since && nowMs - since < MAX_BUSY_MS);
}

/** Milliseconds, at most `LULL_MS`, for which the directory must not be made again. */
export function restMs({ since, freed }: BusyPast, nowMs: number): number {
  return isOverdue(since, nowMs) && !isLull(freed, nowMs) ? Math.min(LULL_MS, freed + LULL_MS - nowMs) : 0;
}

/** Since when it is busy, if the directory is made now. */
export function busySince({ since, freed }: BusyPast, nowMs: number): number {
  return isLull(freed, nowMs) ? nowMs : since;
}

function isLull(freed: number, nowMs: number): boolean {
  return nowMs - freed >= LULL_MS;
}
