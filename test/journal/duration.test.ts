import { describe, expect, it } from 'vitest';
import { parseDurationMs } from '../../src/journal/duration.js';

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
  ])('%s is %d ms', (text, ms) => {
    expect(parseDurationMs(text)).toBeCloseTo(ms, 9);
  });

  it.each(['', '0', '0s', '-1s', '5', '1d', '1 s', 's', '1s ', '1sx', '1..5s', '1m30', 'abc', '٣s'])(
    '%j is none',
    (text) => {
      expect(parseDurationMs(text)).toBeUndefined();
    },
  );
});
