import { expect, test } from 'vitest';
import { busySince, isOverdue, LULL_MS, MAX_BUSY_MS, restMs } from '../../../src/journal/store/busy-stretch.js';

const START = 1_800_000_000_000;

test('a directory may be handed on for a second, and no longer', () => {
  expect(isOverdue(START, START)).toBe(false);
  expect(isOverdue(START, START + MAX_BUSY_MS - 1)).toBe(false);
  expect(isOverdue(START, START + MAX_BUSY_MS)).toBe(true);
});

test('the lull outlasts the pause of the Go tool, and a stretch with it the patience of the Go tool does not', () => {
  expect(LULL_MS).toBeGreaterThan(50);
  expect(MAX_BUSY_MS + LULL_MS).toBeLessThan(2_000 - 50);
});

test('nobody rests before the second is over, nor after it has been gone for long enough', () => {
  expect(restMs({ since: START, freed: START + 900 }, START + 901)).toBe(0);
  const freed = START + MAX_BUSY_MS;
  expect(restMs({ since: START, freed }, freed)).toBe(LULL_MS);
  expect(restMs({ since: START, freed }, freed + 15)).toBe(LULL_MS - 15);
  expect(restMs({ since: START, freed }, freed + LULL_MS)).toBe(0);
});

test('a short absence does not end a stretch, a lull does', () => {
  expect(busySince({ since: START, freed: START + 500 }, START + 500 + LULL_MS - 1)).toBe(START);
  expect(busySince({ since: START, freed: START + 500 }, START + 500 + LULL_MS)).toBe(START + 500 + LULL_MS);
});

test('a clock that was set back means one rest, never a longer one', () => {
  expect(isOverdue(START, START - 3_600_000)).toBe(true);
  expect(restMs({ since: START, freed: START + 10 }, START - 3_600_000)).toBe(LULL_MS);
});
