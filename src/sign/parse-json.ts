/**
 * JSON.parse that reads every key as it is written.
 *
 * V8 12.8 and later (Node 24, and browsers of its time) takes a key with an escape for another one that it has met at this place
 * before, when the text of the key begins with the characters of that one: after `{"h":[],"\\":0}` the last key of
 * `{"h":1,"\"":2}` reads as a backslash. https://github.com/nodejs/node/issues/63785
 *
 * Texts without an escaped key, nearly all, are left to the engine. In the others each such key is replaced by one without
 * escapes, and put back afterwards.
 */

const BACKSLASH = 0x5c;
const QUOTE = '"';
/** What may stand between a key and its colon. */
const TO_COLON = /[ \t\n\r]*:/y;

/** @throws SyntaxError as JSON.parse; RangeError when a text with an escaped key is nested too deep to be walked */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!text.includes('\\')) return value;
  const { plain, keys } = withoutEscapedKeys(text);
  return keys.size === 0 ? value : JSON.parse(plain, (_, inner: unknown) => withKeys(inner, keys));
}

interface Replaced {
  /** The same JSON with other names for the keys that have escapes. */
  readonly plain: string;
  /** What each of these names stands for. */
  readonly keys: ReadonlyMap<string, string>;
}

/** @param text valid JSON, as the engine's grammar is right */
function withoutEscapedKeys(text: string): Replaced {
  const names = new Map<string, string>();
  const prefix = unusedIn(text);
  const parts: string[] = [];
  let kept = 0;
  for (let start = text.indexOf(QUOTE); start !== -1;) {
    const end = endOfString(text, start);
    TO_COLON.lastIndex = end + 1;
    const raw = text.slice(start, end + 1);
    if (raw.includes('\\') && TO_COLON.test(text)) {
      // A string that stands alone has no place in an object, and is read right.
      const key = JSON.parse(raw) as string;
      const name = names.get(key) ?? `${prefix}${names.size}`;
      names.set(key, name);
      parts.push(text.slice(kept, start), JSON.stringify(name));
      kept = end + 1;
    }
    start = text.indexOf(QUOTE, end + 1);
  }
  parts.push(text.slice(kept));
  return { plain: parts.join(''), keys: new Map(Array.from(names, ([key, name]) => [name, key])) };
}

/** Letters and digits that are not in the text, so that no key of its own begins with them. */
function unusedIn(text: string): string {
  for (let number = 0; ; number += 1) {
    const prefix = `key${number}x`;
    if (!text.includes(prefix)) return prefix;
  }
}

/** Index of the quote that ends the string whose opening quote is at `start`, in valid JSON. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf(QUOTE, start + 1);
  while (text.charCodeAt(end - 1) === BACKSLASH && isEscaped(text, end)) end = text.indexOf(QUOTE, end + 1);
  return end;
}

/** True when an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text.charCodeAt(start - 1) === BACKSLASH) start--;
  return (at - start) % 2 === 1;
}

/** Of two keys that turn out equal the last one counts, as in JSON.parse. */
function withKeys(value: unknown, keys: ReadonlyMap<string, string>): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  if (!entries.some(([name]) => keys.has(name))) return value;
  return Object.fromEntries(entries.map(([name, inner]): [string, unknown] => [keys.get(name) ?? name, inner]));
}
