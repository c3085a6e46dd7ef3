import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTimestamp, normalizeTimestamp } from '../../src/journal/timestamp.js';
import { caught as caughtNow } from '../sign/caught.js';

describe('a timestamp of ours', () => {
  it('is RFC 3339 in UTC without trailing zeros', () => {
    expect(formatTimestamp(0)).toBe('1970-01-01T00:00:00Z');
    expect(formatTimestamp(Date.UTC(2026, 1, 1, 9, 30, 5, 120))).toBe('2026-02-01T09:30:05.12Z');
    expect(formatTimestamp(Date.UTC(2026, 1, 1) + 7.9)).toBe('2026-02-01T00:00:00.007Z');
    expect(formatTimestamp(-1)).toBe('1969-12-31T23:59:59.999Z');
  });

  it('is the same instant as its milliseconds, and its own normal form', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (ms) => {
        const text = formatTimestamp(ms);
        expect(Date.parse(text)).toBe(ms);
        expect(normalizeTimestamp(text, 'created_at')).toBe(text);
      }),
    );
  });
});

describe("a caller's timestamp", () => {
  it.each([
    ['2026-02-01T00:00:00Z', '2026-02-01T00:00:00Z'],
    ['2026-02-01T00:00:00.500Z', '2026-02-01T00:00:00.5Z'],
    ['2026-02-01T00:00:00.000000000Z', '2026-02-01T00:00:00Z'],
    ['2026-11-21T01:30:55.796900300Z', '2026-11-21T01:30:55.7969003Z'],
    ['2026-11-21T01:30:34.721816541Z', '2026-11-21T01:30:34.721816541Z'],
    ['2026-02-01T00:30:00+01:00', '2026-01-31T23:30:00Z'],
    ['2026-12-31T23:30:00.25-01:45', '2027-01-01T01:15:00.25Z'],
    ['2026-02-01T00:00:00+00:00', '2026-02-01T00:00:00Z'],
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00Z'],
    ['2000-02-29T12:00:00Z', '2000-02-29T12:00:00Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59.999999999Z'],
    ['  2026-02-01T00:00:00Z ', '2026-02-01T00:00:00Z'],
  ])('%s is stored as %s', (given, stored) => {
    expect(normalizeTimestamp(given, 'created_at')).toBe(stored);
  });

  it.each([
    '',
    '2026-02-01',
    '2026-02-01T00:00Z',
    '2026-02-01 00:00:00Z',
    '2026-02-01t00:00:00z',
    '2026-02-01T00:00:00',
    '2026-02-01T00:00:00+0100',
    '2026-02-01T00:00:00+24:00',
    '2026-02-01T00:00:00+01:60',
    '2026-02-01T00:00:00.Z',
    '2026-02-01T00:00:00.1234567890Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-02-01T24:00:00Z',
    '2026-02-01T00:60:00Z',
    '2026-06-30T23:59:60Z',
    '9999-12-31T23:59:59-00:01',
    '0000-01-01T00:00:00+00:01',
    '+002026-02-01T00:00:00Z',
    '1769904000',
  ])('%j is refused with the name of its field', (given) => {
    const error = caughtNow(() => normalizeTimestamp(given, 'created_at'));
    expect(error.code).toBe('INVALID_EVENT');
    expect(error.details).toMatchObject({ field: 'created_at' });
  });
});
