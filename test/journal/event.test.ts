import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventInput } from '../../src/index.js';
import { encodeEvent, eventLine, normalizeEvent } from '../../src/journal/event.js';
import { contentDigest } from '../../src/journal/session-state.js';
import { canonicalJson } from '../../src/sign/index.js';
import { caught } from '../sign/caught.js';
import { jsonValue, wellFormedString } from '../sign/json-arbitraries.js';
import { LIST_FIELDS, NAME_FIELDS } from '../support/event-field-names.js';

const MINIMAL = { tool_name: 't', verdict: 'allow' } as const;
const HEX = 'a1'.repeat(32);
const normalized = (field: string, value: unknown): unknown =>
  (normalizeEvent({ ...MINIMAL, [field]: value }) as unknown as Record<string, unknown>)[field];

const NAMES = [...NAME_FIELDS, 'idempotency_key'];
const DIGESTS = ['intent_digest', 'policy_digest'];
const OBJECTS = ['relationship', 'attributes'];

function expectRefused(field: string, value: unknown): void {
  const error = caught(() => normalizeEvent({ ...MINIMAL, [field]: value }));
  expect([error.code, error.category]).toEqual(['INVALID_EVENT', 'invalid_input']);
  expect(error.details).toMatchObject({ field });
}

/** What no name may be or contain. */
const BAD_NAMES: readonly unknown[] = [
  'a\u0000b',
  'a\nb',
  'a\u001b[31mb',
  'a\u007fb',
  'a\u009bb',
  'half \ud83d',
  '\ude00 half',
  'x'.repeat(513),
  1,
  true,
  null,
  {},
  ['x'],
];

describe('a name of an event', () => {
  it.each([...NAMES, 'tool_name'])('%s is trimmed, may be as long as 512 characters, of any plane', (field) => {
    expect(normalized(field, '  x y ')).toBe('x y');
    expect(normalized(field, 'x'.repeat(512))).toBe('x'.repeat(512));
    expect(normalized(field, 'é\u2028😀')).toBe('é\u2028😀');
  });

  it.each(NAMES)('%s counts as absent when it is blank or undefined', (field) => {
    expect(normalizeEvent({ ...MINIMAL, [field]: ' \t' })).not.toHaveProperty(field);
    expect(normalizeEvent({ ...MINIMAL, [field]: undefined })).not.toHaveProperty(field);
  });

  it.each([...NAMES, 'tool_name'].flatMap((field) => BAD_NAMES.map((bad) => [field, bad] as const)))(
    '%s is refused when it is %j',
    (field, bad) => expectRefused(field, bad),
  );
});

describe('the tool name and the verdict', () => {
  it.each(['tool_name', 'verdict'])('%s is needed', (field) => {
    for (const missing of [undefined, '', '  ']) expectRefused(field, missing);
    const { [field]: _, ...rest } = MINIMAL as Record<string, string>;
    expect(caught(() => normalizeEvent(rest)).details).toMatchObject({ field });
  });

  it.each(['gait.x', 'GAIT.x', ' Gait.journal.repair', 'gait.'])('the prefix gait. is refused: %s', (name) => {
    expectRefused('tool_name', name);
  });

  it('a name that only looks like the prefix is not', () => {
    expect(normalized('tool_name', 'gaiter.x')).toBe('gaiter.x');
    expect(normalized('tool_name', 'my.gait.x')).toBe('my.gait.x');
  });

  it.each([
    ['allow', 'allow'],
    [' Block ', 'block'],
    ['DRY_RUN', 'dry_run'],
    ['require_approval', 'require_approval'],
  ])('the verdict %j is stored as %s', (given, stored) => expect(normalized('verdict', given)).toBe(stored));

  it.each(['banana', 'allowed', 1, null, ['allow']])('the verdict %j is refused', (bad) =>
    expectRefused('verdict', bad),
  );
});

describe('a digest', () => {
  it.each(DIGESTS)('%s is stored in lower case, and is absent when blank', (field) => {
    expect(normalized(field, ` ${HEX.toUpperCase()} `)).toBe(HEX);
    expect(normalizeEvent({ ...MINIMAL, [field]: ' ' })).not.toHaveProperty(field);
  });

  it.each(DIGESTS)('%s is refused unless it is 64 hexadecimal digits', (field) => {
    for (const bad of [HEX.slice(1), `${HEX}0`, `g${HEX.slice(1)}`, `sha256:${HEX}`, 1, null, {}]) {
      expectRefused(field, bad);
    }
  });
});

describe('a list of words', () => {
  it.each(LIST_FIELDS)('%s is trimmed, without blanks and repeats, and in the order of its UTF-8 bytes', (field) => {
    // In UTF-16 order the emoji (a surrogate pair) would come before U+FF5E.
    const given = [' z', 'a', '', 'z', '😀', '\uff5e', 'é', 'B', '  '];
    expect(normalized(field, given)).toEqual(['B', 'a', 'z', 'é', '\uff5e', '😀']);
  });

  it.each(LIST_FIELDS)('%s is absent when nothing is left of it', (field) => {
    expect(normalizeEvent({ ...MINIMAL, [field]: [] })).not.toHaveProperty(field);
    expect(normalizeEvent({ ...MINIMAL, [field]: ['', ' '] })).not.toHaveProperty(field);
  });

  it.each(LIST_FIELDS)('%s is refused when it is no list, or holds no good word', (field) => {
    for (const bad of ['a,b', {}, null, 1]) expectRefused(field, bad);
    for (const bad of BAD_NAMES) expectRefused(field, ['good', bad]);
  });
});

describe('an object', () => {
  it.each(OBJECTS)('%s is kept as it is', (field) => {
    expect(normalized(field, { b: [1, { c: null }], a: '' })).toEqual({ b: [1, { c: null }], a: '' });
    expect(normalized(field, {})).toEqual({});
  });

  it.each(OBJECTS)('%s is refused when it is none', (field) => {
    for (const bad of ['{}', 1, null, [], true]) expectRefused(field, bad);
  });

  it.each([{ a: Number.NaN }, { a: Infinity }, { a: 1n }, { a: '\ud83d' }, { '\ud83d': 1 }, { a: () => 1 }])(
    'attributes that JSON cannot hold are refused before anything is written: %o',
    (attributes) => {
      const error = caught(() =>
        encodeEvent(
          normalizeEvent({ ...MINIMAL, attributes }),
          { sessionId: 's', runId: 'r', producerVersion: '1' },
          0,
        ),
      );
      expect(error.category).toBe('invalid_input');
    },
  );
});

describe('an event', () => {
  it('with a field that is not known is refused, whatever it is called', () => {
    for (const field of ['toolName', 'sequence', 'session_id', 'prev', 'schema_id', '__proto__', 'constructor']) {
      const input = JSON.parse(`{"tool_name":"t","verdict":"allow","${field}":"x"}`) as unknown;
      const error = caught(() => normalizeEvent(input));
      expect([error.code, error.details['field']]).toEqual(['INVALID_EVENT', field]);
    }
  });

  it.each([null, undefined, 'x', 1, [], [MINIMAL]])('that is %j is refused', (input) => {
    expect(caught(() => normalizeEvent(input)).code).toBe('INVALID_EVENT');
  });

  it('takes its time from the clock unless the caller gives one', () => {
    const frame = { sessionId: 's', runId: 'r', producerVersion: '1' };
    const now = encodeEvent(normalizeEvent(MINIMAL), frame, 500);
    expect([now.createdAt, eventLine(now, 1, HEX)]).toEqual([
      '1970-01-01T00:00:00.5Z',
      expect.stringContaining('"created_at":"1970-01-01T00:00:00.5Z"'),
    ]);
    const given = normalizeEvent({ ...MINIMAL, created_at: '2026-02-01T01:00:00+01:00' });
    expect(eventLine(encodeEvent(given, frame, 500), 1, HEX)).toContain('"created_at":"2026-02-01T00:00:00Z"');
  });
});

const name: fc.Arbitrary<string> = wellFormedString
  .map((text) => text.replace(/\p{Cc}/gu, '').trim())
  .filter((text) => text !== '' && !text.toLowerCase().startsWith('gait.'));
const object = fc.dictionary(wellFormedString, jsonValue, { maxKeys: 4 });

/** Every field that a caller may give, each there or not. */
const eventInput: fc.Arbitrary<EventInput> = fc
  .record(
    {
      tool_name: name,
      verdict: fc.constantFrom('allow', 'block', 'dry_run', 'require_approval'),
      created_at: fc.constantFrom('2026-02-01T00:00:00Z', '2026-02-01T00:00:00.100+02:00'),
      ...Object.fromEntries(NAMES.map((field) => [field, name])),
      ...Object.fromEntries(DIGESTS.map((field) => [field, fc.constant(HEX)])),
      ...Object.fromEntries(LIST_FIELDS.map((field) => [field, fc.array(name, { maxLength: 4 })])),
      ...Object.fromEntries(OBJECTS.map((field) => [field, object])),
    },
    { requiredKeys: ['tool_name', 'verdict'] },
  )
  .map((input) => normalizeEvent(input));

describe('the encoder', () => {
  const frame = { sessionId: 'sess<1>&é😀', runId: 'run"\\', producerVersion: '0.0.0-\u2028' };

  it('writes the very bytes that canonical JSON of the whole line has', () => {
    fc.assert(
      fc.property(
        eventInput,
        fc.maxSafeNat().map((n) => n + 1),
        fc.stringMatching(/^[0-9a-f]{64}$/),
        (input, sequence, prev) => {
          const line = eventLine(encodeEvent(input, frame, 0), sequence, prev);
          const whole = {
            record_type: 'event',
            prev,
            event: {
              created_at: '1970-01-01T00:00:00Z',
              ...input,
              schema_id: 'gait.runpack.session_event',
              schema_version: '1.0.0',
              producer_version: frame.producerVersion,
              session_id: frame.sessionId,
              run_id: frame.runId,
              sequence,
            },
          };
          expect(line).toBe(canonicalJson(whole));
          expect(line).toBe(canonicalize(whole));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('digests the content of a new event as that of the stored one, so that a repeat is known after a restart', () => {
    fc.assert(
      fc.property(eventInput, name, (input, key) => {
        const encoded = encodeEvent({ ...input, idempotency_key: key }, frame, 0);
        const { event } = JSON.parse(eventLine(encoded, 7, HEX)) as { event: Parameters<typeof contentDigest>[0] };
        expect(encoded.contentDigest).toEqual(contentDigest(event));
      }),
      { numRuns: 300 },
    );
  });
});
