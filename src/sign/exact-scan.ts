/**
 * Walks over JSON in its bytes and makes nothing of them. Whoever checks a long journal needs a few fields of each line, and of
 * the rest only that it is JSON which cannot be read in two ways: objects that are made for it are most of the work.
 *
 * It knows the forms that canonical writers use and no others: no space between the parts, keys in rising order (so that none
 * stands twice), short numbers without exponent, no `\u`. Everything else is UNSURE, which means nothing but that a careful
 * reader has to look.
 *
 * What it accepts, exact-json.ts accepts, provided that the bytes are valid UTF-8; the caller checks that once for the line.
 */

/** The answer in place of an index: the careful reader decides. */
export const UNSURE = -1;

/** No double loses any of so many characters of a number without exponent; the same rule as in exact-json.ts. */
const ALWAYS_EXACT_CHARS = 15;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_END = 0x5d;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const BRACE = 0x7b;
const BRACE_END = 0x7d;

/** 1 for a byte that stands for itself within a string. */
const IS_PLAIN: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 0 : 1,
);
/** 1 for what may follow a backslash, `u` left out: four digits more, and surrogates among what they can say. */
const IS_ESCAPE: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrt'.includes(String.fromCodePoint(byte)) ? 1 : 0,
);

const TRUE: Uint8Array = Buffer.from('true');
const FALSE: Uint8Array = Buffer.from('false');
const NULL: Uint8Array = Buffer.from('null');
const PROTO: Uint8Array = Buffer.from('"__proto__"');

/**
 * Index after the value that starts at `at`, or UNSURE. Nothing may follow it but what the caller looks for.
 *
 * @param levels how deep arrays and objects may be nested
 */
export function skipValue(bytes: Uint8Array, at: number, levels: number): number {
  switch (bytes[at] ?? 0) {
    case QUOTE:
      return skipString(bytes, at);
    case BRACE:
      return skipObject(bytes, at, levels);
    case BRACKET:
      return skipArray(bytes, at, levels);
    case LOWER_T:
      return skipWord(bytes, at, TRUE);
    case LOWER_F:
      return skipWord(bytes, at, FALSE);
    case LOWER_N:
      return skipWord(bytes, at, NULL);
    default:
      return skipNumber(bytes, at);
  }
}

/** Index after the string whose opening quote is to stand at `at`, or UNSURE. */
export function skipString(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) return UNSURE;
  for (let i = at + 1; i < bytes.length; i += 2) {
    i = skipPlain(bytes, i);
    if (bytes[i] === QUOTE) return i + 1;
    if (bytes[i] !== BACKSLASH || IS_ESCAPE[bytes[i + 1] ?? 0] !== 1) return UNSURE;
  }
  return UNSURE;
}

/**
 * Index after a key and its colon, or UNSURE: for a key with an escape, for `__proto__`, and for one that does not stand behind
 * the key before it in the order of bytes.
 *
 * @param before where the key before it starts in the same object; UNSURE for the first
 */
export function skipKey(bytes: Uint8Array, at: number, before: number): number {
  if (bytes[at] !== QUOTE) return UNSURE;
  const end = skipPlain(bytes, at + 1);
  if (bytes[end] !== QUOTE || bytes[end + 1] !== COLON) return UNSURE;
  if (before !== UNSURE && !isRising(bytes, before, at)) return UNSURE;
  return matches(bytes, at, PROTO) ? UNSURE : end + 2;
}

/** Index of the first byte from `at` on that does not stand for itself. */
function skipPlain(bytes: Uint8Array, at: number): number {
  // Four in a turn: this is most of what the walk does, and a fifth faster than one by one.
  for (let i = at; ; i += 4) {
    if (IS_PLAIN[bytes[i] ?? 0] !== 1) return i;
    if (IS_PLAIN[bytes[i + 1] ?? 0] !== 1) return i + 1;
    if (IS_PLAIN[bytes[i + 2] ?? 0] !== 1) return i + 2;
    if (IS_PLAIN[bytes[i + 3] ?? 0] !== 1) return i + 3;
  }
}

/** Whether these very bytes stand at `at`. */
export function matches(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i += 1) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** Of two keys without escapes; the closing quote, which neither holds, counts as their last byte. */
function isRising(bytes: Uint8Array, first: number, second: number): boolean {
  for (let i = 1; ; i += 1) {
    const left = bytes[first + i] ?? 0;
    const right = bytes[second + i] ?? 0;
    if (left !== right) return left < right;
    if (left === QUOTE) return false;
  }
}

function skipObject(bytes: Uint8Array, at: number, levels: number): number {
  if (levels <= 0) return UNSURE;
  if (bytes[at + 1] === BRACE_END) return at + 2;
  let before = UNSURE;
  for (let key = at + 1; ;) {
    const value = skipKey(bytes, key, before);
    if (value === UNSURE) return UNSURE;
    const end = skipValue(bytes, value, levels - 1);
    if (end === UNSURE || bytes[end] === BRACE_END) return end === UNSURE ? UNSURE : end + 1;
    if (bytes[end] !== COMMA) return UNSURE;
    before = key;
    key = end + 1;
  }
}

function skipArray(bytes: Uint8Array, at: number, levels: number): number {
  if (levels <= 0) return UNSURE;
  if (bytes[at + 1] === BRACKET_END) return at + 2;
  for (let item = at + 1; ;) {
    const end = skipValue(bytes, item, levels - 1);
    if (end === UNSURE || bytes[end] === BRACKET_END) return end === UNSURE ? UNSURE : end + 1;
    if (bytes[end] !== COMMA) return UNSURE;
    item = end + 1;
  }
}

function skipWord(bytes: Uint8Array, at: number, word: Uint8Array): number {
  return matches(bytes, at, word) ? at + word.length : UNSURE;
}

function skipNumber(bytes: Uint8Array, at: number): number {
  const digits = bytes[at] === MINUS ? at + 1 : at;
  const whole = skipDigits(bytes, digits);
  // A zero in front stands alone, and `-0` is a sign that a double may be asked to lose.
  if (whole === digits || (bytes[digits] === DIGIT_0 && (whole > digits + 1 || digits > at))) return UNSURE;
  const end = bytes[whole] === DOT ? skipDigits(bytes, whole + 1) : whole;
  return end === whole + 1 || end - at > ALWAYS_EXACT_CHARS ? UNSURE : end;
}

/** Index after the digits that start at `at`, `at` itself where there are none. */
function skipDigits(bytes: Uint8Array, at: number): number {
  let end = at;
  for (let byte = bytes[end] ?? 0; byte >= DIGIT_0 && byte <= DIGIT_9; byte = bytes[end] ?? 0) end += 1;
  return end;
}
