/**
 * Milliseconds of a clock that is never set, from an arbitrary beginning: for measuring how long something took.
 *
 * Not performance.now(): the first use of `performance` has Node load eight modules of its own, which is a twentieth of what a
 * one-shot append takes.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
