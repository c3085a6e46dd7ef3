import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, parseExactJson } from '../../src/sign/index.js';
import { caught } from './caught.js';
import { readExactJson } from './exact-json-reference.js';
import { jsonNumber, jsonValue, wellFormedString } from './json-arbitraries.js';

function reasonOf(text: string, maxDepth?: number): unknown {
  const error = caught(() => parseExactJson(text, maxDepth === undefined ? {} : { maxDepth }));
  expect(error.code).toBe('INVALID_JSON');
  return error.details['reason'];
}

describe('numbers', () => {
  test.each([
    '0',
    '-1',
    '1.0',
    '0.10',
    '1e2',
    '1E+2',
    '100e-2',
    '0.1',
    '9007199254740991',
    '9007199254740992',
    '1e21',
    '0e999999999999',
    '0.000',
    '123456789012345680000',
    '5e-324',
    '1.7976931348623157e308',
    '0.10210200000000001',
    '100000000000000000000000',
    `1${'0'.repeat(300)}`,
    `0.${'0'.repeat(300)}1`,
    `0.${'0'.repeat(400)}1e401`,
    '-0.5',
  ])('%s keeps its value and is read', (text) => {
    expect(parseExactJson(text)).toBe(Number(text));
    expect(parseExactJson(`{"a":[${text}]}`)).toEqual({ a: [Number(text)] });
  });

  test.each([
    '12345678901234567890',
    '9007199254740993',
    '0.1000000000000000055',
    '1e400',
    '-1e400',
    '1e-400',
    '-0',
    '-0.0',
    '-0e5',
    '-0.000',
    '4.9e-324',
    '1.00000000000000000001',
    `1${'0'.repeat(300)}1`,
    '123456789.123456789123',
  ])('%s would change and is refused', (number) => {
    const text = `{"a":"x","b":[${number}]}`;
    const error = caught(() => parseExactJson(text));
    expect(error.code).toBe('INVALID_JSON');
    expect(error.details).toEqual({ reason: 'inexact_number', offset: text.indexOf('[') + 1, number });
    expect(reasonOf(number)).toBe('inexact_number');
  });

  test('a number of a million zeros takes no time that grows with its square', () => {
    expect(reasonOf(`1${'0'.repeat(1_000_000)}1`)).toBe('inexact_number');
    expect(parseExactJson(`1.${'0'.repeat(1_000_000)}`)).toBe(1);
    expect(reasonOf(`1.${'0'.repeat(1_000_000)}1`)).toBe('inexact_number');
  });
});

describe('keys', () => {
  test.each([
    ['{"a":1,"a":1}', 7, 'a'],
    [String.raw`{"a":1,"\u0061":2}`, 7, 'a'],
    ['{"b":{"a":1,"c":2,"a":3}}', 18, 'a'],
    ['[{"a":{"b":1},"a":{"b":1}}]', 14, 'a'],
    ['{"":1 , "":2}', 8, ''],
  ])('%s has a key twice and is refused', (text, offset, key) => {
    expect(caught(() => parseExactJson(text)).details).toEqual({ reason: 'duplicate_key', offset, key });
  });

  test.each([
    '{"__proto__":1}',
    '{"a":[{"__proto__":{"b":1}}]}',
    String.raw`{"\u005f_proto__":1}`,
    String.raw`{"__pr\u006Fto\u005F_":null}`,
  ])('%s is refused', (text) => {
    expect(reasonOf(text)).toBe('proto_key');
  });

  test('the same key in different objects, and odd keys, are read', () => {
    const text = '[{"a":1},{"a":{"a":2}},{"constructor":1,"toString":2,"2":1,"1":2,"":3,"a:b{":4}]';
    expect(parseExactJson(text)).toEqual(JSON.parse(text));
    expect(parseExactJson('["__proto__"]')).toEqual(['__proto__']);
  });

  test.each([1, { a: 1 }])('an enumerable member %j put on Object.prototype changes no verdict', (planted) => {
    const verdicts: unknown[] = [];
    Object.defineProperty(Object.prototype, 'planted', { value: planted, enumerable: true, configurable: true });
    try {
      verdicts.push(canonicalJson(parseExactJson('{"b":{"c":1}}')));
      verdicts.push(caught(() => parseExactJson('{"b":{"c":1,"c":1}}')).details['reason']);
      verdicts.push(caught(() => parseExactJson('{"c":1,"c":1}')).details['reason']);
    } finally {
      delete (Object.prototype as { planted?: unknown }).planted;
    }
    expect(verdicts).toEqual(['{"b":{"c":1}}', 'duplicate_key', 'duplicate_key']);
  });
});

describe('strings', () => {
  test.each([
    String.raw`"\ud800"`,
    String.raw`"\uDC00\uD800"`,
    String.raw`{"a":["x\udbffx"]}`,
    String.raw`{"\ud800":1}`,
    '"\ud800"',
    '{"a":"\udfff"}',
    '"\ud83d\\ude00"',
  ])('%j has a lone surrogate and is refused', (text) => {
    expect(reasonOf(text)).toBe('lone_surrogate');
  });

  test('escapes of every kind are read', () => {
    const text = String.raw`["\"\\\/\b\f\n\r\t\u0041", "\ud83d\ude00", "\\ud800", "a\\", "\\\"", "\ud7ff\ue000", ":{["]`;
    expect(parseExactJson(text)).toEqual(['"\\/\b\f\n\r\tA', '😀', '\\ud800', 'a\\', '\\"', '\ud7ff\ue000', ':{[']);
  });
});

describe('a text as long as its value at its shortest', () => {
  test.each([
    ['{"a":0,"a":1e8}', 'duplicate_key'],
    ['{"a":"","a":"xy"}', 'duplicate_key'],
    ['[1e14,1e14,1.000000000000000000001]', 'inexact_number'],
    ['[1e3,-0]', 'inexact_number'],
    ['{"__proto__":""}', 'proto_key'],
    ['[{"__proto__":100}]', 'proto_key'],
    [`${'['.repeat(129)}${']'.repeat(129)}`, 'too_deep'],
  ])('is not taken for it where it is another: %s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  test.each([
    '[]',
    '{}',
    '[{},[],"",null,true,false]',
    '{"a":{"":"é😀"},"b":[[1,10,100,-100,990,999],[]]}',
    '[999999999999999,-999999999999999,1000,1e2,1e3,100000,0]',
    '[1000000000000001,0.5,1e21]',
    '{"b":"x","a":"constructor","constructor":"toString"}',
    `${'['.repeat(128)}${']'.repeat(128)}`,
  ])('is read, and so it is with space or an escape in it: %s', (text) => {
    const value: unknown = JSON.parse(text);
    for (const each of [
      text,
      ` ${text}`,
      `${text}\r`,
      text.replaceAll(',', ' , '),
      text.replaceAll('a', '\\u0061').replaceAll('f\\u0061lse', 'false'),
    ]) {
      expect(parseExactJson(each)).toEqual(JSON.parse(each));
      expect(isDeepStrictEqual(parseExactJson(text), value)).toBe(true);
    }
  });
});

describe('syntax and depth', () => {
  test.each([
    ['', 0],
    ['\ufeff{}', 0],
    ['{} x', 3],
    ['{"a":1}{"b":2}', 7],
    ['[1,]', 3],
    ['{"a":1,}', 7],
    ['{a:1}', 1],
    ['[01]', 2],
    ['[1.]', 2],
    ['[+1]', 1],
    ['"a\nb"', 2],
    [String.raw`"\x"`, 1],
    [String.raw`"\u12g4"`, 1],
    ['"abc', 4],
    ['[1', 2],
    ['{"a" 1}', 5],
    ['nul', 0],
    ['[NaN]', 1],
    ['{"a":1]', 6],
    ['\u00a01', 0],
  ])('%j is not JSON', (text, offset) => {
    expect(caught(() => parseExactJson(text)).details).toEqual({ reason: 'syntax', offset });
  });

  test('the first problem in the text is the one reported', () => {
    expect(reasonOf('{"a":-0,"a":1')).toBe('inexact_number');
    expect(reasonOf('{"a":1,"a":-0}')).toBe('duplicate_key');
  });

  test('128 levels are read, 129 refused; the limit can be given', () => {
    expect(parseExactJson(`${'['.repeat(128)}${']'.repeat(128)}`)).toBeDefined();
    expect(reasonOf(`${'['.repeat(129)}${']'.repeat(129)}`)).toBe('too_deep');
    expect(reasonOf(`${'{"a":'.repeat(129)}1${'}'.repeat(129)}`)).toBe('too_deep');
    expect(parseExactJson('[[],[]]', { maxDepth: 2 })).toEqual([[], []]);
    expect(reasonOf('[[],[]]', 1)).toBe('too_deep');
    expect(parseExactJson('1', { maxDepth: 0 })).toBe(1);
  });

  test('a hundred thousand open brackets are refused, not a stack overflow', () => {
    expect(reasonOf('['.repeat(100_000))).toBe('too_deep');
    expect(reasonOf(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toBe('too_deep');
  });
});

const white = fc.constantFrom('', '', '', ' ', '\n', '\t ', '\r\n');

const spelledString = fc.oneof(
  wellFormedString.map((text) => JSON.stringify(text)),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 3 })
    .map((units) => `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`),
  fc.constantFrom(String.raw`"\ud83d\ude00"`, String.raw`"\ud83d"`, '"\ud83d"', String.raw`"a\\\""`, '"\\\\"'),
);

const digits = fc.array(fc.nat({ max: 9 }), { maxLength: 22 }).map((all) => all.join(''));

const spelledNumber = fc.oneof(
  jsonNumber.map(String),
  jsonNumber.map((value) => value.toExponential()),
  jsonNumber.filter((value) => Math.abs(value) < 1e20).map((value) => value.toFixed(12)),
  fc
    .tuple(fc.constantFrom('', '-'), fc.nat({ max: 1000 }), digits, fc.option(fc.integer({ min: -340, max: 320 })))
    .map(([sign, whole, after, e]) => `${sign}${whole}${after === '' ? '' : `.${after}`}${e === null ? '' : `e${e}`}`),
);

const spelledKey = fc.oneof(
  fc.constantFrom('"a"', '"b"', String.raw`"\u0061"`, '"1"', '"2"', '""', '"constructor"', '"__proto__"', '"c:"'),
  spelledString,
);

/** JSON texts as others write them: whitespace, escapes and numbers of every spelling; sometimes with a key twice. */
const jsonText = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    spelledNumber,
    spelledString,
    fc.constantFrom('true', 'false', 'null'),
    fc
      .array(fc.tuple(white, tie('value'), white), { maxLength: 4 })
      .map((all) => `[${all.map((i) => i.join('')).join()}]`),
    fc
      .array(fc.tuple(white, spelledKey, white, tie('value'), white), { maxLength: 4 })
      .map((all) => `{${all.map(([a, k, b, v, c]) => `${a}${k}${b}:${b}${v}${c}`).join(',')}}`),
  ),
})).value;

function agrees(text: string, maxDepth: number): void {
  const expected = readExactJson(text, maxDepth);
  if (expected !== undefined) {
    expect(isDeepStrictEqual(parseExactJson(text, { maxDepth }), expected.value)).toBe(true);
  } else {
    expect(caught(() => parseExactJson(text, { maxDepth })).code).toBe('INVALID_JSON');
  }
}

describe('agreement with an independent judge', () => {
  test('on generated texts, of which a good part must be refused and a good part read', () => {
    const verdicts = { true: 0, false: 0 };
    fc.assert(
      fc.property(jsonText, (text) => {
        agrees(text, 4);
        verdicts[`${readExactJson(text, 4) !== undefined}`]++;
      }),
      { numRuns: 10_000 },
    );
    expect(Math.min(verdicts.true, verdicts.false)).toBeGreaterThan(1000);
  });

  test('on texts with a character changed, added or taken away', () => {
    const edit = fc.tuple(
      fc.nat(),
      fc.nat({ max: 1 }),
      fc.constantFrom('', '"', '\\', ',', ':', '{', ']', '0', 'e', '-', ' ', 'u'),
    );
    fc.assert(
      fc.property(jsonText, edit, (text, [place, drop, added]) => {
        const at = place % (text.length + 1);
        agrees(text.slice(0, at) + added + text.slice(at + drop), 4);
      }),
      { numRuns: 10_000 },
    );
  });

  test('on numbers', () => {
    fc.assert(
      fc.property(spelledNumber, (text) => {
        agrees(text, 0);
      }),
      { numRuns: 10_000 },
    );
  });
});

test('what canonicalJson writes, parseExactJson reads back, unless a key is __proto__', () => {
  fc.assert(
    fc.property(jsonValue, (value) => {
      const text = canonicalJson(value);
      fc.pre(!text.includes('"__proto__":'));
      expect(canonicalJson(parseExactJson(text))).toBe(text);
    }),
    { numRuns: 2000 },
  );
});
