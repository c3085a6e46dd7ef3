/** Generators of JSON: every Unicode plane, every spelling, the keys and numbers that trip implementations. */
import fc from 'fast-check';

/** A code point of any plane, surrogates left out. */
const codePoint: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0, max: 0xffff }),
    fc
      .tuple(fc.integer({ min: 0, max: 16 }), fc.integer({ min: 0, max: 0xffff }))
      .map(([plane, low]) => plane * 65536 + low),
    fc.constantFrom(0x22, 0x5c, 0x2f, 0x08, 0x0c, 0x7f, 0x2028, 0x2029, 0xfeff, 0xe000, 0xffff),
  )
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

export const wellFormedString: fc.Arbitrary<string> = fc
  .array(codePoint, { maxLength: 12 })
  .map((characters) => characters.join(''));

/** Any finite double by its bits, with the hard cases made frequent. */
export const jsonNumber: fc.Arbitrary<number> = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc
    .uint8Array({ minLength: 8, maxLength: 8 })
    .map((bytes) => Buffer.from(bytes).readDoubleBE())
    .filter(Number.isFinite),
  fc
    .tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: -330, max: 300 }))
    .map(([m, e]) => Number(`${m}e${e}`)),
  fc.constantFrom(-0, 0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e21, 1e-7, 2 ** 53, 1.7976931348623157e308),
);

const key: fc.Arbitrary<string> = fc.oneof(
  wellFormedString,
  fc.nat({ max: 2 ** 32 }).map(String),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    '0',
    '01',
    '-1',
    '10',
    '9',
    'a',
    'b',
    'B',
  ),
);

/** A JSON value; objects are made through entries, so that `__proto__` is an own key. */
export const jsonValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    wellFormedString,
    jsonNumber,
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;
