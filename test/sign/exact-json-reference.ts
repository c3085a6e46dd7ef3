/**
 * A slow, plain judge of JSON texts, written apart from src/: one recursive reader, numbers compared as fractions of
 * bigints. It shares nothing with what it judges.
 */

/** What was read, and the index behind it. */
interface Read {
  readonly value: unknown;
  readonly end: number;
}

/** The value of a text that is JSON and loses nothing in a reader; else undefined. `maxDepth` counts nested arrays and objects. */
export function readExactJson(text: string, maxDepth: number): { readonly value: unknown } | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const whole = read(text, 0, maxDepth);
  return whole !== undefined && text.slice(whole.end).trim() === '' ? whole : undefined;
}

/** The value at `at`, or undefined when it is not exact. The grammar has been checked. */
function read(text: string, start: number, levels: number): Read | undefined {
  const at = blank(text, start);
  const first = text.charAt(at);
  if (first === '"') return readString(text, at);
  if (first === '[' || first === '{') return levels === 0 ? undefined : readList(text, at, levels - 1);
  let end = at;
  while (end < text.length && !' \t\n\r,]}'.includes(text.charAt(end))) end++;
  const word = text.slice(at, end);
  return ['true', 'false', 'null'].includes(word) || sameValue(word) ? { value: JSON.parse(word), end } : undefined;
}

function readList(text: string, start: number, levels: number): Read | undefined {
  const entries: [string, unknown][] = [];
  const isObject = text.charAt(start) === '{';
  let at = blank(text, start + 1);
  while (text.charAt(at) !== ']' && text.charAt(at) !== '}') {
    const key = isObject ? readString(text, at) : { value: '', end: at };
    if (key === undefined || (isObject && entries.some(([name]) => name === key.value))) return undefined;
    if (key.value === '__proto__') return undefined;
    const inner = read(text, isObject ? blank(text, key.end) + 1 : at, levels);
    if (inner === undefined) return undefined;
    entries.push([key.value, inner.value]);
    at = blank(text, inner.end);
    if (text.charAt(at) === ',') at = blank(text, at + 1);
  }
  return { value: isObject ? Object.fromEntries(entries) : entries.map(([, item]) => item), end: at + 1 };
}

function readString(text: string, start: number): { value: string; end: number } | undefined {
  let end = start + 1;
  while (text.charAt(end) !== '"') end += text.charAt(end) === '\\' ? 2 : 1;
  const raw = text.slice(start, end + 1);
  const value = String(JSON.parse(raw));
  // encodeURIComponent throws for exactly the strings that have no UTF-8 form.
  for (const candidate of [raw, value]) {
    try {
      encodeURIComponent(candidate);
    } catch {
      return undefined;
    }
  }
  return { value, end: end + 1 };
}

function blank(text: string, start: number): number {
  let at = start;
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at++;
  return at;
}

function sameValue(word: string): boolean {
  const double = Number(word);
  if (!Number.isFinite(double) || (double === 0 && word.startsWith('-'))) return false;
  // No power of ten is too large to be written down, but some are too large to be computed.
  if (double === 0) return !/[1-9]/.test(word.toLowerCase().split('e')[0] ?? '');
  const [a, b] = fraction(word);
  const [c, d] = fraction(String(double));
  return a * d === c * b;
}

/** A decimal as numerator and denominator. */
function fraction(word: string): [bigint, bigint] {
  const [mantissa = '', exponent = '0'] = word.toLowerCase().split('e');
  const [integer = '', decimals = ''] = mantissa.split('.');
  const power = Number(exponent) - decimals.length;
  const digits = BigInt(integer.replace('-', '') + decimals) * (word.startsWith('-') ? -1n : 1n);
  return power >= 0 ? [digits * 10n ** BigInt(power), 1n] : [digits, 10n ** BigInt(-power)];
}
