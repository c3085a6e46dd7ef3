import { describe, expect, test } from 'vitest';
import { Histogram } from '../../perf/soak/histogram.js';
import { describeFaults, makeSchedule, newSeed } from '../../perf/soak/schedule.js';
import { shrink } from '../../perf/soak/shrink.js';

describe('the schedule of a soak', () => {
  const options = { seed: 42, durationMs: 60_000, processes: 8 };
  const schedule = makeSchedule(options);

  test('is the same for the same seed, and another for another', () => {
    expect(makeSchedule(options)).toEqual(schedule);
    expect(makeSchedule({ ...options, seed: 43 }).faults).not.toEqual(schedule.faults);
  });

  test('begins as a shorter one of the same seed does', () => {
    const shorter = makeSchedule({ ...options, durationMs: 10_000 }).faults;
    expect(shorter.length).toBeGreaterThan(5);
    expect(schedule.faults.slice(0, shorter.length)).toEqual(shorter);
  });

  test('kills and stops processes that there are, in order, while it lasts', () => {
    const { faults, roles, durationMs } = schedule;
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(['kill', 'stop']));
    expect(faults.every(({ slot, atMs }) => roles[slot] !== undefined && atMs < durationMs)).toBe(true);
    expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
    expect(describeFaults(schedule).split('\n')).toHaveLength(faults.length);
  });

  test.each([1, 2, 4, 16])('has a writer and each of the keepers with %i processes', (processes) => {
    const { roles } = makeSchedule({ ...options, processes });
    expect(roles).toHaveLength(processes + 4);
    expect(new Set(roles)).toEqual(
      new Set(['writer', ...(processes >= 4 ? ['reader'] : []), 'checkpointer', 'compactor', 'pruner', 'verifier']),
    );
  });

  test('is refused without processes, without time, and with a seed that is no whole number', () => {
    expect(() => makeSchedule({ ...options, processes: 0 })).toThrow(RangeError);
    expect(() => makeSchedule({ ...options, durationMs: Number.NaN })).toThrow(RangeError);
    expect(() => newSeed('1.5')).toThrow(RangeError);
    expect(newSeed('7')).toBe(7);
  });
});

describe('shrinking', () => {
  const items = Array.from({ length: 40 }, (_, index) => index);
  const always = (): boolean => true;

  test('finds the two of forty that fail together', async () => {
    const needed = [7, 31];
    const smallest = await shrink(items, async (part) => needed.every((item) => part.includes(item)), always);
    expect(smallest).toEqual(needed);
  });

  test('says so when it fails with nothing at all', async () => {
    expect(await shrink(items, async () => true, always)).toEqual([]);
  });

  test('keeps everything when no part fails again', async () => {
    expect(await shrink(items, async () => false, always)).toEqual(items);
  });

  test('stops when its time is over, with what it has seen fail', async () => {
    let trials = 0;
    const stillFails = async (part: readonly number[]): Promise<boolean> => {
      trials += 1;
      return part.includes(7);
    };
    const smallest = await shrink(items, stillFails, () => trials < 3);
    expect(trials).toBe(3);
    expect(smallest).toContain(7);
    expect(smallest.length).toBeLessThan(items.length);
  });
});

describe('a histogram', () => {
  test('tells quantiles to within a tenth, also of what others have counted', () => {
    const [mine, others] = [new Histogram(), new Histogram()];
    for (let ms = 1; ms <= 1_000; ms += 1) (ms % 2 === 0 ? mine : others).add(ms);
    mine.addAll(others.take());
    expect(mine.total).toBe(1_000);
    expect(others.total).toBe(0);
    for (const q of [0.01, 0.5, 0.9, 0.99]) {
      expect(Math.abs(mine.quantile(q) / (1_000 * q) - 1)).toBeLessThan(0.1);
    }
  });

  test('has no quantile of nothing', () => {
    expect(new Histogram().quantile(0.5)).toBeNaN();
  });
});
