/** What the bundled CLI reads and writes an index with, held against the package whose place it takes. */
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Packr as ReferencePackr, Unpackr as ReferenceUnpackr } from 'msgpackr/pack';
import { describe, expect, test } from 'vitest';

const reference = {
  packr: new ReferencePackr({ useRecords: false, moreTypes: false }),
  unpackr: new ReferenceUnpackr({ useRecords: false, moreTypes: false, mapsAsObjects: true }),
};
const { Packr, Unpackr } = createRequire(import.meta.url)('../../scripts/plain-msgpack.cjs') as {
  readonly Packr: new () => { pack(value: unknown): Buffer };
  readonly Unpackr: new () => { unpack(bytes: Buffer): unknown };
};
const packr = new Packr();
const unpackr = new Unpackr();

/** What an index is made of, each kind also where its length or value takes more bytes to say. */
const leaf = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(70_000),
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('', Buffer.alloc(0), 0, 2 ** 32, 2 ** 53 - 1),
);
const row = fc.array(fc.oneof(leaf, fc.array(leaf, { maxLength: 40 })), { maxLength: 40 });

describe('the small MessagePack of the bundled CLI', () => {
  test('writes what msgpackr reads', () => {
    const holds = fc.property(row, (value) => {
      expect(reference.unpackr.unpack(packr.pack(value))).toEqual(value);
    });
    fc.assert(holds);
  });

  test('reads what msgpackr writes', () => {
    const holds = fc.property(row, (value) => {
      expect(unpackr.unpack(reference.packr.pack(value))).toEqual(value);
    });
    fc.assert(holds);
  });

  test.each([[Array.from({ length: 70_000 }, (_, i) => i)], ['x'.repeat(70_000)], [Buffer.alloc(70_000)]])(
    'takes what is long',
    (value) => {
      for (const bytes of [packr.pack(value), reference.packr.pack(value)]) {
        for (const reader of [unpackr, reference.unpackr]) {
          expect(isDeepStrictEqual(reader.unpack(bytes), value)).toBe(true);
        }
      }
    },
  );

  test('reads nothing that is cut short or goes on', () => {
    const whole = packr.pack([1, 300, 70_000, 2 ** 40, 'text', 't'.repeat(300), Buffer.alloc(300), [[]]]);
    for (let end = 0; end < whole.length; end++) expect(() => unpackr.unpack(whole.subarray(0, end))).toThrow(Error);
    expect(() => unpackr.unpack(Buffer.concat([whole, Buffer.alloc(1)]))).toThrow(TypeError);
  });

  test('believes no length that promises more than there is', () => {
    expect(() => unpackr.unpack(Buffer.from('dd7fffffff01', 'hex'))).toThrow(Error);
    expect(() => unpackr.unpack(Buffer.from('c67fffffff01', 'hex'))).toThrow(TypeError);
  });

  test.each([[-1], [1.5], [2 ** 53], [null], [undefined], [true], [{}], [new Uint8Array(1)]])(
    'does not write %s',
    (value) => {
      expect(() => packr.pack([value])).toThrow(TypeError);
    },
  );

  test.each([['c0'], ['c3'], ['d0ff'], ['cf0000000000000001'], ['81a161a162'], ['c70100ff']])(
    'does not read %s',
    (hex) => {
      expect(() => unpackr.unpack(Buffer.from(hex, 'hex'))).toThrow(TypeError);
    },
  );
});
