/** What is walked over in its bytes is what the careful reader accepts, and a canonical text is walked over as a rule. */
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, parseExactJson, skipValue } from '../../src/sign/index.js';
import { jsonValue } from './json-arbitraries.js';

const LEVELS = 8;

const isWalkedOver = (bytes: Buffer): boolean => skipValue(bytes, 0, LEVELS) === bytes.length;

/** A change of a text, as a hostile or careless hand makes it. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({
    kind: fc.constant('put' as const),
    at: fc.nat(),
    byte: fc.constantFrom(...Buffer.from('{}[]",:\\0-.eEu')),
  }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.nat(),
    byte: fc.constantFrom(...Buffer.from('{}[]",:\\0-.eE 1')),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 30 }) }),
);

function changed(
  bytes: Buffer,
  { at: anywhere, ...what }: typeof change extends fc.Arbitrary<infer T> ? T : never,
): Buffer {
  const at = anywhere % Math.max(bytes.length, 1);
  const front = bytes.subarray(0, at);
  switch (what.kind) {
    case 'put':
      return Buffer.concat([front, Buffer.of(what.byte), bytes.subarray(at + 1)]);
    case 'insert':
      return Buffer.concat([front, Buffer.of(what.byte), bytes.subarray(at)]);
    case 'cut':
      return Buffer.concat([front, bytes.subarray(at + what.length)]);
    case 'repeat':
      return Buffer.concat([front, bytes.subarray(at, at + what.length), bytes.subarray(at)]);
  }
}

test('whatever is walked over is accepted by the careful reader, whatever was done to it', () => {
  let walked = 0;
  fc.assert(
    fc.property(jsonValue, fc.array(change, { maxLength: 3 }), (value, changes) => {
      const bytes = changes.reduce(changed, Buffer.from(JSON.stringify(value)));
      if (!isWalkedOver(bytes) || !isUtf8(bytes)) return;
      walked += 1;
      parseExactJson(bytes.toString());
    }),
    { numRuns: 20_000 },
  );
  expect(walked).toBeGreaterThan(1_000);
});

describe('walked over', () => {
  test.each([
    '0',
    '-1',
    '12.50',
    '123456789012345',
    'true',
    'false',
    'null',
    '""',
    '"a\\"b\\\\c\\/\\b\\f\\n\\r\\t"',
    '"ünïcode €😀\u007f"',
    '[]',
    '[[],[1,"2",{}]]',
    '{}',
    '{"":1,"a":{"b":[null]},"ab":2,"b":3}',
    canonicalJson({ z: 1, a: [true, { y: 'x', b: 0.5 }], session_id: 's', schema_id: 't', __proto: 1 }),
  ])('%s', (text) => {
    expect(isWalkedOver(Buffer.from(text))).toBe(true);
    parseExactJson(text);
  });
});

describe('left to the careful reader', () => {
  test.each([
    '',
    ' 1',
    '1 ',
    '-',
    '-0',
    '00',
    '01',
    '-01',
    '.5',
    '1.',
    '1e2',
    '1234567890123456',
    '0.12345678901234',
    'tru',
    'nul',
    'True',
    '"',
    '"a',
    '"a\\"',
    '"\\u0041"',
    '"\\x"',
    '"a\nb"',
    '"a\u0000b"',
    '[',
    '[1',
    '[1,]',
    '[,1]',
    '[1 ]',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a":1 }',
    '{a:1}',
    '{"a":1,"a":2}',
    '{"b":1,"a":2}',
    '{"a":1,"b":2,"a":3}',
    '{"a\\"b":1}',
    '{"__proto__":1}',
    '{"a":{"__proto__":1}}',
    `${'['.repeat(LEVELS + 1)}${']'.repeat(LEVELS + 1)}`,
  ])('%s', (text) => {
    expect(isWalkedOver(Buffer.from(text))).toBe(false);
  });
});
