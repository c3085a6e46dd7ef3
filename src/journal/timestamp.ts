/**
 * Timestamps as the Go tool prints them: RFC 3339, UTC with `Z`, up to nine fractional digits, trailing zeros removed.
 * Digests are computed over this text on both sides, so another spelling of the same instant is another record.
 */
import { GaitError } from '../errors.js';

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** The stored form itself, for days that every month has: what a program sends is nearly always this, and needs no work. */
const STORED_FORM =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{0,8}[1-9])?Z$/;

/** Whether a time is surely in the stored form already. */
export function isStoredForm(text: string): boolean {
  return STORED_FORM.test(text);
}

let lastMs = Number.NaN;
let lastText = '';

/** @param ms milliseconds since 1970; a fraction is dropped */
export function formatTimestamp(ms: number): string {
  const wholeMs = Math.trunc(ms);
  // A commit asks for the same millisecond many times.
  if (wholeMs !== lastMs) {
    const iso = new Date(wholeMs).toISOString();
    let end = iso.length - 1;
    while (iso[end - 1] === '0') end -= 1;
    // Nothing but zeros after the point: the point goes too.
    lastText = `${iso.slice(0, iso[end - 1] === '.' ? end - 1 : end)}Z`;
    lastMs = wholeMs;
  }
  return lastText;
}

/** Any RFC 3339 time in the stored form. Throws INVALID_EVENT naming the field. */
export function normalizeTimestamp(text: string, field: string): string {
  if (STORED_FORM.test(text)) return text;
  const match = RFC_3339.exec(text.trim());
  if (match === null) throw notATime(text, field);
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = match;
  const seconds = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  // Date.UTC would take the years 0 to 99 for the 1900s, and the Go tool's zero time is in year 1.
  const local = Date.parse(`${seconds}Z`);
  const isReal =
    !Number.isNaN(local) &&
    new Date(local).toISOString().startsWith(seconds) &&
    Number(offsetHour) <= 23 &&
    Number(offsetMinute) <= 59;
  if (!isReal) throw notATime(text, field);
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000 * (sign === '-' ? -1 : 1);
  const utc = local - offsetMs;
  if (utc < YEAR_0 || utc >= YEAR_10000) throw notATime(text, field);
  return withFraction(utc, fraction);
}

const YEAR_0 = Date.parse('0000-01-01T00:00:00Z');
const YEAR_10000 = Date.UTC(10_000, 0, 1);

function withFraction(ms: number, fraction: string): string {
  const seconds = new Date(ms).toISOString().slice(0, 19);
  const digits = fraction.replace(/0+$/, '');
  return digits === '' ? `${seconds}Z` : `${seconds}.${digits}Z`;
}

/** {@link timeKey} of what is no time: before every other. */
export const NO_TIME = '';

/** UTC with `Z`, a day that every year has. */
const PLAIN_UTC =
  /^\d{4}-(?:(?:0[13-9]|1[0-2])-(?:0[1-9]|[12]\d|30)|(?:0[13578]|1[02])-31|02-(?:0[1-9]|1\d|2[0-8]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z$/;
const ANY_RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d):(\d\d)(\.\d+)?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const LEAP_SECOND = '60';

/**
 * A text that sorts as the time does, exactly, whoever wrote it: UTC without `Z`, as many digits as there are, without
 * trailing zeros. A leap second (RFC 3339 section 5.7) comes after second 59 and before the next minute.
 *
 * @returns {@link NO_TIME} for anything that is no RFC 3339 time
 */
export function timeKey(text: string): string {
  if (PLAIN_UTC.test(text)) return withoutZeros(text.slice(0, -1));
  const match = ANY_RFC_3339.exec(text);
  if (match === null) return NO_TIME;
  const [, minute = '', second = '', fraction = '', sign, hours = '0', minutes = '0'] = match;
  const local = Date.parse(`${minute}:00Z`);
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(minute)) return NO_TIME;
  const utc = local - (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1);
  if (utc < YEAR_0 || utc >= YEAR_10000) return NO_TIME;
  const utcMinute = new Date(utc).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length);
  // Leap seconds end a day of UTC.
  const isSecond = second < LEAP_SECOND || (second === LEAP_SECOND && utcMinute.endsWith('T23:59'));
  return isSecond ? withoutZeros(`${utcMinute}:${second}${fraction}`) : NO_TIME;
}

function withoutZeros(key: string): string {
  return key.includes('.') ? key.replace(/\.?0+$/, '') : key;
}

function notATime(text: string, field: string): GaitError {
  return new GaitError('INVALID_EVENT', `${field} is not an RFC 3339 time: ${JSON.stringify(text)}`, {
    hint: 'write it like 2026-02-01T09:30:00Z, with at most nine fractional digits',
    details: { field, found: text },
  });
}
