import { existsSync, readFileSync, readdirSync } from 'node:fs';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, canonicalString } from '../../src/sign/index.js';
import { caught } from './caught.js';
import { jsonNumber, jsonValue, wellFormedString } from './json-arbitraries.js';

const jcsVectors = new URL('../../../shared/vectors/public/jcs/testdata/', import.meta.url);

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { k: value };
  return value;
}

describe('RFC 8785 examples', () => {
  test('section 3.2.2: literals, numbers and strings are written as ECMAScript writes them', () => {
    const value: unknown = JSON.parse(
      String.raw`{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}`,
    );
    expect(canonicalJson(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('section 3.2.3: keys are ordered by UTF-16 code units', () => {
    const keys = ['€', '\r', '\u{fb33}', '1', '\u{1f600}', '\u0080', 'ö'];
    const written = canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])));
    expect(Object.keys(JSON.parse(written.replace('"1"', '"x1"')) as object)).toEqual([
      '\r',
      'x1',
      '\u0080',
      'ö',
      '€',
      '\u{1f600}',
      '\u{fb33}',
    ]);
  });

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('appendix B: the double %s is written %s', (hex, text) => {
    expect(canonicalJson(Buffer.from(hex, 'hex').readDoubleBE())).toBe(text);
  });
});

test('RFC 8785 author vectors come out byte for byte', () => {
  if (!existsSync(jcsVectors)) {
    console.warn('SKIPPED ALOUD: ../shared/vectors/public/jcs is not at hand');
    return;
  }
  const names = readdirSync(new URL('input/', jcsVectors));
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    const input: unknown = JSON.parse(readFileSync(new URL(`input/${name}`, jcsVectors), 'utf8'));
    const output = readFileSync(new URL(`output/${name}`, jcsVectors), 'utf8');
    expect(canonicalJson(input), name).toBe(output.trimEnd());
  }
});

describe('agreement with the canonicalize package', () => {
  test('on generated values of every kind', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
      { numRuns: 3000 },
    );
  });

  test('on numbers', () => {
    fc.assert(
      fc.property(jsonNumber, (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
      { numRuns: 5000 },
    );
  });

  test('on strings, alone and as keys', () => {
    fc.assert(
      fc.property(wellFormedString, (text) => {
        expect(canonicalString(text)).toBe(canonicalize(text));
        expect(canonicalJson({ [text]: text })).toBe(canonicalize({ [text]: text }));
      }),
      { numRuns: 3000 },
    );
  });

  test('on keys in order already, on integer-like keys and on an own __proto__ key', () => {
    for (const text of [
      '{"a":1,"b":{"c":[],"d":{}}}',
      '{"b":1,"a":2}',
      '{"10":1,"9":2}',
      '{"1":1,"a":2}',
      '{"-1":0,"0":1}',
      '{"__proto__":{"b":1,"a":2},"a":1}',
      '{"":0,"a":1}',
    ]) {
      const value: unknown = JSON.parse(text);
      expect(canonicalJson(value)).toBe(canonicalize(value));
    }
  });
});

describe('refusals', () => {
  const lone = '\ud800';
  const sparse: unknown[] = [];
  sparse[1] = 1;
  class Point {
    readonly x = 1;
  }
  const refused: readonly (readonly [string, unknown, string, string])[] = [
    ['undefined', undefined, '', 'not_json'],
    ['an undefined member', { a: undefined }, '/a', 'not_json'],
    ['a hole in an array', sparse, '/0', 'not_json'],
    ['NaN', [NaN], '/0', 'not_finite'],
    ['infinity', { a: { 'b/~': -Infinity } }, '/a/b~1~0', 'not_finite'],
    ['a bigint', { a: 1n }, '/a', 'not_json'],
    ['a function', { a: () => 1 }, '/a', 'not_json'],
    ['a symbol', [1, Symbol('x')], '/1', 'not_json'],
    ['a lone surrogate', { a: [`x${lone}`] }, '/a/0', 'lone_surrogate'],
    ['a lone surrogate in a key', { [lone]: 1 }, '/\ufffd', 'lone_surrogate'],
    ['a Date', { a: new Date(0) }, '/a', 'to_json'],
    ['a hidden toJSON', Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 2 }), '', 'to_json'],
    ['an array with toJSON', Object.assign([1], { toJSON: () => 2 }), '', 'to_json'],
    ['a Map', new Map(), '', 'not_plain'],
    ['a boxed string', [new String('x')], '/0', 'not_plain'],
    ['a boxed number', [new Number(1)], '/0', 'not_plain'],
    ['a class instance', new Point(), '', 'not_plain'],
    ['an object that inherits members', Object.create({ a: 1 }), '', 'not_plain'],
    ['bytes', new Uint8Array(2), '', 'not_plain'],
  ];

  test.each(refused)('%s is refused, with its place', (_, value, path, reason) => {
    const error = caught(() => canonicalJson(value));
    expect(error.code).toBe('INVALID_JSON');
    expect(error.details).toEqual({ path, reason });
    // Also where the slow path meets it first.
    expect(caught(() => canonicalJson({ z: 1, a: value })).details).toEqual({ path: `/a${path}`, reason });
  });

  test('a lone surrogate is refused in a single string', () => {
    expect(caught(() => canonicalString(`a${lone}b`)).code).toBe('INVALID_JSON');
    expect(caught(() => canonicalString('\udc00\ud800')).code).toBe('INVALID_JSON');
  });

  test('128 levels are written, 129 and cycles are refused', () => {
    expect(canonicalJson(nested(128))).toBe(JSON.stringify(nested(128)));
    expect(caught(() => canonicalJson(nested(129))).details['reason']).toBe('too_deep');
    expect(caught(() => canonicalJson({ z: 1, a: nested(128) })).details['reason']).toBe('too_deep');
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(caught(() => canonicalJson(cycle)).details['reason']).toBe('too_deep');
  });
});

test('the value is the same whatever order its keys were set in', () => {
  expect(canonicalJson({ b: [1, { y: 1, x: 2 }], a: 'ü' })).toBe('{"a":"ü","b":[1,{"x":2,"y":1}]}');
});

test('null-prototype objects and a member named toJSON that is data are written', () => {
  const bare: unknown = Object.assign(Object.create(null) as object, { toJSON: 1, a: 2 });
  expect(canonicalJson(bare)).toBe('{"a":2,"toJSON":1}');
});
