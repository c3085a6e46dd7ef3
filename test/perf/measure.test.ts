import { expect, test } from 'vitest';
import { interleave, median, quantile, ratios } from '../../perf/measure.js';

test('contenders run by turns, every other round backwards, and the first round does not count', async () => {
  const calls: string[] = [];
  const contender = (name: string) => () => calls.push(name);
  const figures = await interleave(2, { a: contender('a'), b: contender('b') });
  expect(calls.join('')).toBe('baabba');
  expect(figures).toEqual({ a: [3, 6], b: [4, 5] });
});

test('a quantile lies between the figures around its place', () => {
  expect(quantile([4, 1, 3, 2], 0)).toBe(1);
  expect(quantile([4, 1, 3, 2], 1)).toBe(4);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('ratios are those of each round, so that a slow second cancels out', () => {
  expect(ratios([10, 20], [5, 10])).toEqual([2, 2]);
});
