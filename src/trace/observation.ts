/** When an emission was made: the time that tells two emissions of one decision apart. */

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

/**
 * Milliseconds since 1970 by the host's clock, with a fraction. The fraction is that of the clock that never goes back: it
 * tells emissions of one millisecond apart, and says nothing about which of them came first.
 */
export function emissionClock(): number {
  return Date.now() + Number(process.hrtime.bigint() % NS_PER_MS) / Number(NS_PER_MS);
}

/**
 * The text of `observed_at`, in the Go tool's spelling.
 *
 * @param ms milliseconds since 1970, whole or fractional
 * @param skippedNs nanoseconds to add, because that many earlier ones are taken
 */
export function observedAt(ms: number, skippedNs: number): string {
  const wholeMs = Math.floor(ms);
  const ns = BigInt(wholeMs) * NS_PER_MS + BigInt(Math.round((ms - wholeMs) * Number(NS_PER_MS)) + skippedNs);
  const seconds = new Date(Number(ns / NS_PER_MS)).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length);
  const fraction = String(ns % NS_PER_SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`;
}
