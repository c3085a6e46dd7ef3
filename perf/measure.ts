/**
 * Measuring by turns. A machine that is shared, or warms up, changes from second to second: what is compared runs within
 * the same second, round after round, and only the ratios of a round are believed.
 */

/** Does a fixed amount of work and returns its figure: a rate, or a time. */
export type Contender = () => number | Promise<number>;

/** Figures of one contender, a round each. */
export type Figures = readonly number[];

/**
 * Runs all contenders once a round, in turn, every other round backwards, after one round that is thrown away.
 *
 * @returns the figures of each contender, in the order of the rounds
 */
export async function interleave<N extends string>(
  rounds: number,
  contenders: Readonly<Record<N, Contender>>,
): Promise<Record<N, Figures>> {
  const names = Object.keys(contenders) as N[];
  const figures = Object.fromEntries(names.map((name): [string, number[]] => [name, []])) as Record<N, number[]>;
  for (let round = -1; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const figure = await contenders[name]();
      if (round >= 0) figures[name].push(figure);
    }
  }
  return figures;
}

/** Milliseconds that `work` takes. */
export async function timeMs(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** `count` things done by `work`, per second. */
export async function ratePerSecond(count: number, work: () => unknown): Promise<number> {
  return (count / (await timeMs(work))) * 1000;
}

/** The quotients of two contenders, round by round. */
export function ratios(numerator: Figures, denominator: Figures): number[] {
  return numerator.map((figure, round) => figure / (denominator[round] ?? Number.NaN));
}

export function median(figures: Figures): number {
  return quantile(figures, 0.5);
}

/** @param q from 0 to 1; between two figures the value is interpolated. NaN when there are no figures */
export function quantile(figures: Figures, q: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
