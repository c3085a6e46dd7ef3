import { describe, expect, it } from 'vitest';
import { formatDurationMs, parseDurationMs } from '../../src/journal/duration.js';

describe('a duration in the spelling of the Go tool', () => {
  it.each([
    ['200ms', 200],
    ['2s', 2_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.s', 1_000],
    ['250us', 0.25],
    ['250µs', 0.25],
    ['250μs', 0.25],
    ['1000000ns', 1],
    ['1h1m1s1ms', 3_661_001],
    ['1d', 86_400_000],
    ['7y', 7 * 365 * 86_400_000],
    ['30d12h', 30.5 * 86_400_000],
    ['1.5d', 1.5 * 86_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDurationMs(text)).toBeCloseTo(ms, 9);
  });

  it.each([
    '',
    '0',
    '0s',
    '-1s',
    '5',
    'd',
    '0d',
    '-1d',
    '7Y',
    '1w',
    '1 s',
    's',
    '1s ',
    '1sx',
    '1..5s',
    '1m30',
    'abc',
    '٣s',
  ])('%j is none', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });
});

describe('a duration in words', () => {
  it.each([
    [0, '0s'],
    [1, '1ms'],
    [90_000, '1m30s'],
    [72 * 3_600_000, '3d'],
    [30.5 * 86_400_000, '30d12h'],
    [7 * 365 * 86_400_000, '7y'],
  ])('%d ms is %s', (durationMs, text) => {
    expect(formatDurationMs(durationMs)).toBe(text);
    if (durationMs > 0) expect(parseDurationMs(text)).toBe(durationMs);
  });
});
