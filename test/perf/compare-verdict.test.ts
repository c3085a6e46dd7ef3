import { expect, test } from 'vitest';
import { compareSides } from '../../perf/compare/verdict.js';
import { Random } from '../../perf/soak/random.js';

const ROUNDS = 15;

/** Costs around `cost`, each off by up to `noise`. */
function costs(seed: number, cost: number, noise: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: ROUNDS }, () => cost * (1 + noise * (2 * random.next() - 1)));
}

function verdictOf(slowdown: number, noise: number): ReturnType<typeof compareSides> {
  const [base, again, head] = [costs(1, 1, noise), costs(2, 1, noise), costs(3, 1 + slowdown, noise)];
  return compareSides({ base, again, head });
}

test('a head that is as fast as its base passes, and so does one that is faster', () => {
  expect(verdictOf(0, 0.02).isSlower).toBe(false);
  expect(verdictOf(-0.3, 0.02).isSlower).toBe(false);
});

test('a head that is slower by 4 % passes on a quiet machine, one that is slower by 12 % does not', () => {
  expect(verdictOf(0.04, 0).isSlower).toBe(false);
  expect(verdictOf(0.12, 0.02).isSlower).toBe(true);
});

test('what base against itself shows is added to the limit', () => {
  const verdictBeside = (again: readonly number[]): ReturnType<typeof compareSides> =>
    compareSides({ base: again.map(() => 1), again, head: again.map((cost) => 1.12 * Math.sqrt(cost)) });
  const quiet = verdictBeside(costs(1, 1, 0.01));
  const loud = verdictBeside(costs(1, 1, 0.8));
  expect([quiet.slowdown, loud.slowdown].map((slowdown) => slowdown.toFixed(2))).toEqual(['0.12', '0.12']);
  expect([quiet.isSlower, loud.isSlower]).toEqual([true, false]);
});

test('a machine that slows down as a whole in some rounds changes nothing', () => {
  const tide = Array.from({ length: ROUNDS }, (_, round) => (round % 3 === 0 ? 5 : 1));
  const moved = (figures: readonly number[]): number[] => figures.map((figure, round) => figure * (tide[round] ?? 1));
  const sides = { base: costs(1, 1, 0.02), again: costs(2, 1, 0.02), head: costs(3, 1.12, 0.02) };
  const still = compareSides(sides);
  const tidal = compareSides({ base: moved(sides.base), again: moved(sides.again), head: moved(sides.head) });
  expect(tidal.slowdown).toBeCloseTo(still.slowdown, 10);
  expect(tidal.noise).toBeCloseTo(still.noise, 10);
});
