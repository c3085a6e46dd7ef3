/**
 * JSON.parse that refuses what JSON.parse would quietly change or that is unsafe to hold: evidence must mean the same
 * to whoever reads it next, in whatever language.
 *
 * The platform's parser does the grammar; one cheap scan of the text and one walk of the result then look for signs of
 * loss. Only when there is a sign does the careful reader of exact-json-diagnosis.ts go over the text, to clear it or
 * to name the problem.
 */
import { GaitError } from '../errors.js';
import { MAX_JSON_DEPTH } from './canonical-json.js';
import { diagnoseJson } from './exact-json-diagnosis.js';
import { isExactNumber } from './exact-number.js';
import { endOfString, parseJson } from './parse-json.js';

/** A JSON value as {@link parseExactJson} returns it. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A number of at most this many characters, no exponent and no leading `-0`, always survives a double. */
const ALWAYS_EXACT_CHARS = 15;

/** Integers below have at most so many digits, all of which a double holds. */
const MAX_PRINTED = 10 ** ALWAYS_EXACT_CHARS;

/** Escapes of U+D000 to U+DFFF, of which the upper half are surrogates. */
const MAY_ESCAPE_SURROGATE = /\\u[dD]/;

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

/**
 * The value of one JSON text, provided that nothing is lost.
 *
 * @param options.maxDepth how deep arrays and objects may be nested; 128 unless given.
 * @throws GaitError INVALID_JSON with `details` `offset` (UTF-16 index into `text`), `reason` and, where it applies,
 * `key` or `number`. Reasons: `syntax` (also a BOM, or text after the value), `duplicate_key`, `inexact_number` (its
 * decimal value is not the one the double prints back; `-0` counts), `lone_surrogate`, `proto_key`, `too_deep`. Of
 * several problems the first in the text is reported.
 */
export function parseExactJson(text: string, options: { readonly maxDepth?: number } = {}): JsonValue {
  const maxDepth = options.maxDepth ?? MAX_JSON_DEPTH;
  let value: JsonValue;
  try {
    value = parseJson(text) as JsonValue;
  } catch (cause) {
    diagnoseJson(text, maxDepth);
    throw new GaitError('INVALID_JSON', 'not a JSON text', { cause, details: { offset: 0, reason: 'syntax' } });
  }
  requireExact(text, value, maxDepth);
  return value;
}

/**
 * The second half of {@link parseExactJson}, for a caller who has parsed the text already: `value` is what parseJson made
 * of `text`.
 *
 * @throws GaitError INVALID_JSON as parseExactJson
 */
export function requireExact(text: string, value: unknown, maxDepth: number = MAX_JSON_DEPTH): void {
  if (!isSurelyExact(text, value as JsonValue, maxDepth)) diagnoseJson(text, maxDepth);
}

/** False when the careful reader has to look; it is the one that decides. */
function isSurelyExact(text: string, value: JsonValue, maxDepth: number): boolean {
  // countKeys would count what a careless library has put on Object.prototype.
  for (const _ in {}) return false;
  if (!text.isWellFormed()) return false;
  // Each escape is longer than its character, so the value need not be walked where there is one.
  const hasEscapes = text.includes('\\');
  if (!hasEscapes && compactLength(value, maxDepth) === text.length) return true;
  if (hasEscapes && text.includes('\\u') && MAY_ESCAPE_SURROGATE.test(text)) return false;
  const colons = countColons(text);
  return colons !== SUSPICIOUS && colons === (isContainer(value) ? countKeys(value, maxDepth) : 0);
}

/**
 * Length of the shortest text without escapes that a value can come from; NaN when that is not certain, or when it has a
 * `__proto__` or more levels. A text of just this length has every part of it at its shortest, so it holds no space, no member
 * that a later one of the same name has replaced, and no number but those.
 */
function compactLength(value: JsonValue, levels: number): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value === 'number') return isShortestAsPrinted(value) ? String(value).length : Number.NaN;
  if (value === null || value === true) return 4;
  if (value === false) return 5;
  if (levels <= 0) return Number.NaN;
  // Two brackets; each part has a comma behind it, but for the last one.
  let length = 1;
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) length += compactLength(item, levels - 1) + 1;
  } else {
    const members = value as Readonly<Record<string, JsonValue>>;
    for (const key in members) {
      if (key === '__proto__') return Number.NaN;
      length += key.length + 4 + compactLength(members[key] ?? null, levels - 1);
    }
  }
  return length === 1 ? 2 : length;
}

/**
 * Whether no text is shorter than the printed one for a number (`-0`, which prints as `0`, is longer), and none as long is for another number that rounds to it: an
 * exponent saves nothing where no zeros end it, nor in three digits.
 */
function isShortestAsPrinted(value: number): boolean {
  if (!Number.isInteger(value) || value >= MAX_PRINTED || value <= -MAX_PRINTED) return false;
  return value % 10 !== 0 || (value < 1_000 && value > -1_000);
}

/** What the two counts answer when something needs the careful reader; never a number of keys. */
const SUSPICIOUS = -1;

/**
 * Number of colons outside strings, that is of keys written, in a text that JSON.parse has accepted; SUSPICIOUS for a
 * number that a double does not hold.
 */
function countColons(text: string): number {
  let colons = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
    } else if (code === COLON) {
      colons++;
    } else if (code === MINUS || (code >= DIGIT_0 && code <= DIGIT_9)) {
      const end = endOfNumber(text, i);
      if (end === SUSPICIOUS) return SUSPICIOUS;
      i = end - 1;
    }
  }
  return colons;
}

/** Index after the number that starts at `start`, or SUSPICIOUS when a double does not hold it. */
function endOfNumber(text: string, start: number): number {
  let needsCheck = text.charCodeAt(start) === MINUS && text.charCodeAt(start + 1) === DIGIT_0;
  let end = start + 1;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === UPPER_E || code === LOWER_E) needsCheck = true;
    // `+ , - . /` and the digits are neighbours; of them a comma ends a number, and a slash is never next to one.
    else if (code < PLUS || code > DIGIT_9 || code === COMMA) break;
  }
  if (!needsCheck && end - start <= ALWAYS_EXACT_CHARS) return end;
  return isExactNumber(text.slice(start, end)) ? end : SUSPICIOUS;
}

/**
 * Number of keys in a parsed array or object of at most `levels` levels; SUSPICIOUS when one is `__proto__`, or there
 * are more levels. `for in` is several times faster here than Object.keys; that objects inherit no enumerable key has
 * been checked.
 */
function countKeys(container: object, levels: number): number {
  if (levels <= 0) return SUSPICIOUS;
  let count = 0;
  if (Array.isArray(container)) {
    for (const item of container as readonly unknown[]) {
      const inner = isContainer(item) ? countKeys(item, levels - 1) : 0;
      if (inner === SUSPICIOUS) return SUSPICIOUS;
      count += inner;
    }
    return count;
  }
  const members = container as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(members)) {
    const item = members[key];
    const inner = key === '__proto__' ? SUSPICIOUS : isContainer(item) ? countKeys(item, levels - 1) : 0;
    if (inner === SUSPICIOUS) return SUSPICIOUS;
    count += inner + 1;
  }
  return count;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
