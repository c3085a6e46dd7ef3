import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonMembers } from '../../../src/journal/runpack/json-members.js';
import { isGaitError } from '../../../src/errors.js';
import { parseExactJson, type JsonValue } from '../../../src/sign/index.js';

interface Pieces {
  readonly fault: string | undefined;
  /** Put together again. */
  readonly value: Readonly<Record<string, JsonValue>>;
}

/** Feeds a text in chunks of the given sizes, over and over. */
function read(text: string | Buffer, sizes: readonly number[] = [1]): Pieces {
  const value: Record<string, JsonValue> = {};
  const list: JsonValue[] = [];
  const members = new JsonMembers(['list'], {
    onMember: (key, member) => (value[key] = member),
    onElement: (key, element) => {
      list.push(element);
      value[key] = list;
    },
  });
  const bytes = Buffer.from(text);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    members.push(bytes.subarray(at, at + size));
    at += size;
  }
  members.finish();
  return { fault: members.fault, value };
}

function isExactObject(text: string): boolean {
  try {
    const value = parseExactJson(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch (error) {
    if (isGaitError(error)) return false;
    throw error;
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 });

test('any object comes out as JSON.parse has it, however it was cut', () => {
  const object = fc.dictionary(
    fc.oneof(fc.constantFrom('list', 'a', 'schema_id', 'x"\\y'), fc.string()).filter((key) => key !== '__proto__'),
    fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(object, sizes, fc.constantFrom(0, 1, '\t'), (value, cuts, indent) => {
      const text = JSON.stringify(value, null, indent);
      fc.pre(isExactObject(text));
      const pieces = read(text, cuts);
      expect(pieces.fault).toBeUndefined();
      // An empty long array has no elements to come out.
      const { list, ...others } = JSON.parse(text) as Record<string, JsonValue>;
      const isEmptyList = Array.isArray(list) && list.length === 0;
      expect(pieces.value).toEqual(list === undefined || isEmptyList ? others : { ...others, list });
    }),
  );
});

test('a text is faulted exactly where the exact parser refuses it', () => {
  const part = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"list"',
    '"a"',
    '"list":[',
    '1',
    ' ',
    'null',
    '\\',
    '"',
    '1e999',
  );
  const soup = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
  const nearMiss = fc
    .tuple(fc.constantFrom('{"list":[1,{"a":[2]}],"a":{"b":[]}}', '{"a":"}],{","list":["\\"",[]]}'), fc.nat(40), part)
    .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + 1));
  fc.assert(
    fc.property(fc.oneof(soup, nearMiss), sizes, (text, cuts) => {
      expect(read(text, cuts).fault === undefined).toBe(isExactObject(text));
    }),
    { numRuns: 3_000 },
  );
});

describe('refused', () => {
  test.each([
    '{"a":1,"a":2}',
    '{"list":[],"list":[]}',
    '{"list":1,"list":[]}',
    '{"\\u006cist":1,"list":[]}',
    '{"a":{"b":1,"b":2}}',
    '{"list":[{"b":1,"b":2}]}',
    '{"a":1.00000000000000000001}',
    '{"list":["\\ud800"]}',
    '{"__proto__":1}',
    '{"list":[1,]}',
    '{"list":[1] 2}',
    '{"list":[1}',
    '{"list":[1]]',
    '{"a":1}{}',
    '{"a":1},',
    '{"a":1}"',
    '[]',
    '',
    '{',
    '}',
    ',',
  ])('%s', (text) => {
    expect(read(text).fault).toBeDefined();
  });

  test('bytes that are not UTF-8', () => {
    expect(read(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])).fault).toBeDefined();
  });

  test('a member over 8 MiB, but not a list that is longer in all', () => {
    const long = 'x'.repeat(5 * 1024 * 1024);
    expect(read(`{"a":["${long}","${long}"]}`, [65_536]).fault).toBeDefined();
    expect(read(`{"list":["${long}","${long}"]}`, [65_536]).fault).toBeUndefined();
  });

  test('more than a thousand members', () => {
    const many = Array.from({ length: 1_001 }, (_, i) => `"k${i}":1`).join();
    expect(read(`{${many}}`, [4_096]).fault).toBeDefined();
  });
});
