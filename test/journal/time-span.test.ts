/** Times as texts that sort, and the spans of them that an index keeps: nothing that lies inside is ever left out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SparseOffsets } from '../../src/journal/sparse-offsets.js';
import { ALL_TIMES, isPackedSpans, packSpans, unpackSpans } from '../../src/journal/time-span.js';
import { NO_TIME, timeKey } from '../../src/journal/timestamp.js';

test('times sort as they pass: zones, nanoseconds, a leap second', () => {
  const inOrder = [
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '1990-12-31T23:59:59.999999999Z',
    '1990-12-31T15:59:60-08:00',
    '1990-12-31T23:59:60.5Z',
    '1991-01-01T00:00:00Z',
    '2026-02-28T23:59:59Z',
    '2026-03-01T01:00:00+01:00',
    '2026-03-01T00:00:00.000000001Z',
    '2026-03-01T00:00:00.00000000100000000000000001Z',
    '2026-03-01T00:00:00.1Z',
    '2026-03-01T00:00:00.10000001Z',
    '2026-03-01T00:00:01Z',
    '9999-12-31T23:59:59Z',
  ];
  expect(inOrder.map(timeKey).toSorted()).toEqual(inOrder.map(timeKey));
  expect(new Set(inOrder.map(timeKey)).size).toBe(inOrder.length);
});

test.each([
  ['2026-02-01T09:30:00Z', '2026-02-01T09:30:00.000Z'],
  ['2026-02-01T09:30:00.5Z', '2026-02-01T10:30:00.500000000+01:00'],
  ['2024-02-29T00:00:00Z', '2024-02-28T23:30:00-00:30'],
  ['2026-02-01T09:30:10Z', '2026-02-01T09:30:10+00:00'],
])('%s and %s are one time', (a, b) => {
  expect(timeKey(a)).toBe(timeKey(b));
  expect(timeKey(a)).not.toBe(NO_TIME);
});

test.each(
  [
    '',
    'yesterday',
    '2026-02-01',
    '2026-02-01T09:30:00',
    '2026-02-01 09:30:00Z',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-02-01T24:00:00Z',
    '2026-02-01T09:30:60Z',
    '2026-12-31T23:59:61Z',
    '2026-12-31T23:59:60+01:00',
    '0000-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '2026-02-01T09:30:00.Z',
    ' 2026-02-01T09:30:00Z',
  ].map((text) => [text]),
)('%j is no time', (text) => {
  expect(timeKey(text)).toBe(NO_TIME);
});

const time = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 300 }).map((s) => new Date(s * 1_000).toISOString()) },
  { weight: 1, arbitrary: fc.constantFrom('1970-01-01T01:00:05+01:00', '1969-12-31T23:59:60Z', 'banana') },
);

test('every line of a journal lies in the span of its entry, however often the table was thinned', () => {
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 120 }), (times, repeats) => {
      const table = new SparseOffsets();
      const all: [number, string][] = [];
      for (let sequence = 1; sequence <= times.length * repeats; sequence += 1) {
        const createdAt = times[sequence % times.length] ?? '';
        all.push([sequence, createdAt]);
        table.note(sequence, sequence * 10, createdAt);
        if (sequence % 7 === 0) {
          all.push([sequence, 'a checkpoint without a time']);
          table.noteTime('a checkpoint without a time');
        }
      }
      const { sequences, spans } = table.toTable();
      expect(spans.length).toBe(sequences.length);
      expect(unpackSpans(packSpans(spans))).toEqual(spans);
      expect(isPackedSpans(packSpans(spans), sequences.length)).toBe(true);
      for (const [sequence, createdAt] of all) {
        const at = sequences.findLastIndex((start) => start <= sequence);
        const span = spans[at];
        if (span === undefined) throw new Error(`event ${sequence} is behind no entry`);
        const key = timeKey(createdAt);
        if (key === NO_TIME) expect(span).toEqual(ALL_TIMES);
        else expect(span.earliest <= key && key.slice(0, 19) <= span.latest).toBe(true);
      }
    }),
    { numRuns: 30 },
  );
});

test('a packed text of another length is none', () => {
  expect([isPackedSpans('2026', 1), isPackedSpans(packSpans([ALL_TIMES]), 1), isPackedSpans('', 0)]).toEqual([
    false,
    true,
    true,
  ]);
});
