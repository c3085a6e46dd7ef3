/** JSON.parse, with the keys as they are written on every engine: Node 24 takes escaped keys for others. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, parseExactJson, parseJson } from '../../src/sign/index.js';
import { caught } from './caught.js';
import { jsonValue, wellFormedString } from './json-arbitraries.js';

/** After these the engine at fault knows a key that escapes begin with. */
function poison(): void {
  for (const first of ['', 'h', 'a']) {
    for (const value of [[], 0, '', {}]) JSON.parse(JSON.stringify({ [first]: value, '\\': 0, '\\n': 0, '\\u': 0 }));
  }
}

/** Each character as an escape. */
function escaped(key: string): string {
  return `"${Array.from({ length: key.length }, (_, at) => `\\u${key.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
}

describe('an escaped key is read as it is written', () => {
  test.each(['"', '\n', '\r', '\f', '\\', '\u0000', '/', 'a"b', '\\\\', 'key0x0'])('%j', (key) => {
    poison();
    for (const first of ['', 'h', 'a']) {
      for (const written of [JSON.stringify(key), escaped(key)]) {
        const text = `{"${first}":1, ${written} : {${written}:[{${written}:2}]}}`;
        expect(parseJson(text)).toEqual({ [first]: 1, [key]: { [key]: [{ [key]: 2 }] } });
        expect(Object.keys(parseJson(text) as object)).toEqual([first, key]);
      }
    }
  });

  test('whatever was read before', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(parseJson(text))).toBe(text);
      }),
      { numRuns: 3_000 },
    );
  });

  test('and all of its characters may be escapes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(wellFormedString, { maxLength: 5 }), (keys) => {
        const text = `{${keys.map((key, at) => `${escaped(key)}:${at}`).join(',')}}`;
        const expected = Object.fromEntries(keys.map((key, at): [string, number] => [key, at]));
        expect(canonicalJson(parseJson(text))).toBe(canonicalJson(expected));
      }),
    );
  });
});

test.each([
  [String.raw`{"a":1,"\u0061":2}`, '{"a":2}'],
  [String.raw`{"\u0061":1,"b":0,"a":2}`, '{"a":2,"b":0}'],
  [String.raw`{"\u0061":1,"\u0061":2}`, '{"a":2}'],
])('of two equal keys the last one counts, as in JSON.parse: %s', (text, printed) => {
  expect(JSON.stringify(parseJson(text))).toBe(printed);
  expect(caught(() => parseExactJson(text)).details).toMatchObject({ reason: 'duplicate_key' });
});

test('a key __proto__ is a key, and nothing more', () => {
  const value = parseJson(String.raw`{"\u005f_proto__":{"x":1},"\n":2}`) as object;
  expect(Object.keys(value)).toEqual(['__proto__', '\n']);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

test.each(['', '{', '{"a\\":1}', '{"\\x":1}', '["\\"', '{"\\n":1}}'])('%s is refused as JSON.parse does', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError);
});

test('a text of many escapes takes no time that grows with its square', () => {
  const value = {
    text: '"\\'.repeat(300_000),
    list: Array.from({ length: 20_000 }, (_, at) => ({ ['\n']: `\n${at}` })),
  };
  expect(parseJson(JSON.stringify(value))).toEqual(value);
});
