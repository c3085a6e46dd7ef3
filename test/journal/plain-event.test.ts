import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isGaitError } from '../../src/errors.js';
import { encodeEvent, encodeInput, eventLine, normalizeEvent, type EncodedEvent } from '../../src/journal/event.js';
import { frameTexts } from '../../src/journal/event-frame.js';
import { encodePlain } from '../../src/journal/plain-event.js';
import type { EventInput } from '../../src/index.js';
import { jsonValue } from '../sign/json-arbitraries.js';
import { LIST_FIELDS, NAME_FIELDS } from '../support/event-field-names.js';

const frame = { sessionId: 'sess<1>&é😀', runId: 'run"\\', producerVersion: '0.0.0-\u2028' };
const texts = frameTexts(frame);
const HEX = 'a1'.repeat(32);
const TIMES = ['2026-02-01T00:00:00Z', '2026-02-28T23:59:59.000000001Z'];
const MINIMAL = { tool_name: 't', verdict: 'allow' };

/** What becomes of an input: its line and what else is known of it, or the error. */
function outcome(encode: () => EncodedEvent): unknown {
  try {
    const { line: _, ...rest } = encode();
    return { ...rest, text: eventLine(encode(), 7, HEX) };
  } catch (error) {
    return isGaitError(error) ? [error.code, error.message, error.details] : error;
  }
}

const carefully = (input: unknown, isEngine: boolean): unknown =>
  outcome(() => encodeEvent(normalizeEvent(input, isEngine), frame, 1_500));
const quickly = (input: unknown, isEngine: boolean): unknown =>
  outcome(() => encodeInput(input as EventInput, frame, texts, 1_500, isEngine));
const isPlain = (input: unknown): boolean => encodePlain(input, texts, '1970-01-01T00:00:01.5Z') !== undefined;

const plainId = fc.stringMatching(/^[!#-[\]-~]([ !#-[\]-~]{0,20}[!#-[\]-~])?$/);
/** Near the border of what is plain, on both sides of it. */
const anyId = fc.oneof(
  { weight: 3, arbitrary: plainId },
  fc.string({
    unit: fc.constantFrom('a', ' ', '"', '\\', '\u0000', '\n', '\u007f', '\u0080', 'é', '\u2028', '😀', '~', '!', '#'),
  }),
  fc.constantFrom(
    '',
    ' ',
    ' x',
    'x ',
    'x'.repeat(512),
    'x'.repeat(513),
    `${'x'.repeat(512)} `,
    '\ud83d',
    'gait.x',
    'GAIT.x',
  ),
  fc.constantFrom<unknown>(undefined, null, 1, true, {}, ['x']),
);
const anyList = fc.oneof(
  fc.array(anyId, { maxLength: 3 }),
  fc.uniqueArray(plainId, { maxLength: 4 }).map((words) => words.toSorted()),
  fc.constantFrom<unknown>('a', undefined, null, {}, ['b', 'a'], ['a', 'a'], [undefined, 'a']),
);
const anyObject = fc.oneof(
  fc.dictionary(fc.string(), jsonValue, { maxKeys: 3 }),
  fc.constantFrom<unknown>({ a: '\ud83d' }, { a: Number.NaN }, { a: undefined }, new Date(0), [], null, undefined, 'x'),
);
const anyDigest = fc.constantFrom<unknown>(
  HEX,
  HEX.toUpperCase(),
  ` ${HEX}`,
  `${HEX}\n`,
  HEX.slice(1),
  '',
  undefined,
  1,
);
const anyTime = fc.constantFrom<unknown>(
  ...TIMES,
  '2026-02-29T00:00:00Z',
  '2026-02-01T00:00:00.10Z',
  '2026-02-01T00:00:00+01:00',
  ' 2026-02-01T00:00:00Z',
  '2026-02-01T00:00:00Z\n',
  '',
  undefined,
  1,
);

/** Fields in any order, some of them bad, some unknown. */
const anyInput = fc
  .record(
    {
      tool_name: fc.oneof({ weight: 4, arbitrary: plainId }, anyId),
      verdict: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom('allow', 'block', 'dry_run', 'require_approval') },
        fc.constantFrom<unknown>(' Allow', 'x', '', undefined, 1),
      ),
      created_at: anyTime,
      ...Object.fromEntries(NAME_FIELDS.map((field) => [field, anyId])),
      idempotency_key: anyId,
      intent_digest: anyDigest,
      policy_digest: anyDigest,
      ...Object.fromEntries(LIST_FIELDS.map((field) => [field, anyList])),
      attributes: anyObject,
      relationship: anyObject,
      toolName: fc.constant('x'),
      payload: fc.constant({}),
    },
    { requiredKeys: ['tool_name', 'verdict'] },
  )
  .chain((input) => fc.shuffledSubarray(Object.entries(input), { minLength: 1 }))
  .map((entries) => Object.fromEntries(entries));

const plainInput = fc
  .record(
    {
      tool_name: plainId.filter((name) => !name.toLowerCase().startsWith('gait.')),
      verdict: fc.constantFrom('allow', 'block', 'dry_run', 'require_approval'),
      created_at: fc.constantFrom(...TIMES),
      ...Object.fromEntries(NAME_FIELDS.map((field) => [field, plainId])),
      intent_digest: fc.constant(HEX),
      policy_digest: fc.constant(HEX),
      ...Object.fromEntries(
        LIST_FIELDS.map((field) => [
          field,
          fc.uniqueArray(plainId, { minLength: 1, maxLength: 4 }).map((words) => words.toSorted()),
        ]),
      ),
      attributes: fc.dictionary(fc.string(), jsonValue, { maxKeys: 3 }),
      relationship: fc.dictionary(fc.string(), jsonValue, { maxKeys: 3 }),
    },
    { requiredKeys: ['tool_name', 'verdict'] },
  )
  .chain((input) => fc.shuffledSubarray(Object.entries(input), { minLength: Object.keys(input).length }))
  .map((entries) => Object.fromEntries(entries));

describe('the short way', () => {
  test('gives the line, or the error, that the careful way gives', () => {
    fc.assert(
      fc.property(fc.oneof(plainInput, anyInput), fc.boolean(), (input, isEngine) => {
        const expected = carefully(input, isEngine);
        // Of several faults it may meet another one first; what takes events in asks the careful way then.
        if (Array.isArray(expected)) expect(Array.isArray(quickly(input, isEngine))).toBe(true);
        else expect(quickly(input, isEngine)).toEqual(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  test('is taken by what a program sends, whatever the order of its fields', () => {
    fc.assert(fc.property(plainInput, isPlain));
  });

  test.each([...NAME_FIELDS, 'tool_name'])('leaves a %s that is not plain to the careful way', (field) => {
    expect(isPlain({ ...MINIMAL, [field]: 'x'.repeat(512) })).toBe(true);
    for (const bad of [
      '',
      ' x',
      'x ',
      '"',
      '\\',
      'a\nb',
      'a\u0000',
      '\u007f',
      'é',
      '😀',
      'x'.repeat(513),
      'x\n',
      1,
      null,
    ]) {
      expect(isPlain({ ...MINIMAL, [field]: bad }), JSON.stringify(bad)).toBe(false);
    }
  });

  test.each(LIST_FIELDS)('leaves %s that are not each once and in order to it', (field) => {
    expect(isPlain({ ...MINIMAL, [field]: ['B', 'a', 'a b'] })).toBe(true);
    for (const bad of [
      [],
      ['b', 'a'],
      ['a', 'a'],
      ['a', ''],
      [' a'],
      ['é'],
      ['a', 1],
      [undefined, 'a'],
      'a',
      { 0: 'a', length: 1 },
    ]) {
      expect(isPlain({ ...MINIMAL, [field]: bad }), JSON.stringify(bad)).toBe(false);
    }
  });

  test('leaves what an event must not be, or may only be for the engine, to it', () => {
    const inherited = Object.create({ actor: 'x' }) as object;
    const bad: readonly unknown[] = [
      undefined,
      null,
      'x',
      [],
      {},
      { tool_name: 't' },
      { verdict: 'allow' },
      { ...MINIMAL, tool_name: 'gait.x' },
      { ...MINIMAL, tool_name: 'Gait.x' },
      { ...MINIMAL, verdict: 'ALLOW' },
      { ...MINIMAL, idempotency_key: 'k' },
      { ...MINIMAL, payload: {} },
      { ...MINIMAL, sequence: 1 },
      { ...MINIMAL, actor: undefined },
      JSON.parse('{"tool_name":"t","verdict":"allow","__proto__":"x"}'),
      Object.assign(inherited, MINIMAL),
    ];
    for (const input of bad) expect(isPlain(input), JSON.stringify(input)).toBe(false);
    expect(isPlain(Object.assign(Object.create(null) as object, MINIMAL))).toBe(true);
  });

  test.each(['tool_name', 'policy_digest', 'actor', 'correlation_id', 'policy_id', 'safety_invariant_hash'])(
    'knows a %s again, and neither mistakes another one for it nor keeps one that is not plain',
    (field) => {
      const good = [HEX, 'b2'.repeat(32)];
      for (const value of [
        good[0],
        good[0],
        ` ${good[0]}`,
        good[1],
        '',
        undefined,
        good[0],
        null,
        good[1],
        good[1],
        'é',
        good[1],
      ]) {
        const input = { ...MINIMAL, [field]: value };
        expect(isPlain(input)).toBe(good.some((each) => each === value));
        expect(quickly(input, false)).toEqual(carefully(input, false));
      }
    },
  );

  test('is not taken where a library has put an enumerable key on every object', () => {
    Object.defineProperty(Object.prototype, 'actor', { value: 'x', enumerable: true, configurable: true });
    let seen = true;
    try {
      seen = isPlain(MINIMAL);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'actor');
    }
    expect(seen).toBe(false);
    expect(isPlain(MINIMAL)).toBe(true);
  });
});
