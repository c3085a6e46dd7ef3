/** Arithmetic on times as sortable texts (timeKey), exact to the nanosecond. */

const NS_PER_MS = 1_000_000n;
const SECOND_LENGTH = 'yyyy-mm-ddThh:mm:ss'.length;
const FIRST = '0000-01-01T00:00:00';
const LAST = '9999-12-31T23:59:59.999999999';

/** A time that many milliseconds later, or earlier; the first or the last there is, where it would be beyond them. */
export function shifted(key: string, ms: number): string {
  const isLeap = key.slice(0, SECOND_LENGTH).endsWith(':60');
  // Only for sums: a leap second is counted as the one after 59, which the next minute begins with.
  const seconds = isLeap ? `${key.slice(0, SECOND_LENGTH - 2)}59` : key.slice(0, SECOND_LENGTH);
  const fraction = BigInt(
    key
      .slice(SECOND_LENGTH + 1)
      .slice(0, 9)
      .padEnd(9, '0'),
  );
  const start = BigInt(Date.parse(`${seconds}Z`) + (isLeap ? 1_000 : 0)) * NS_PER_MS + fraction;
  const ns = start + BigInt(Math.round(ms * Number(NS_PER_MS)));
  const wholeMs = ns / NS_PER_MS - (ns % NS_PER_MS < 0n ? 1n : 0n);
  const date = new Date(Number(wholeMs));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 0) return ms < 0 ? FIRST : LAST;
  if (date.getUTCFullYear() > 9999) return LAST;
  const digits = `${date.toISOString().slice(SECOND_LENGTH + 1, -1)}${String(ns - wholeMs * NS_PER_MS).padStart(6, '0')}`;
  const text = digits.replace(/0+$/, '');
  return `${date.toISOString().slice(0, SECOND_LENGTH)}${text === '' ? '' : `.${text}`}`;
}
