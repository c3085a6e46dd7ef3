/** Whether head is slower than base, and by more than base is slower than itself. */
import { median, quantile, ratios, type Figures } from '../measure.js';
import { Random } from '../soak/random.js';

/** Costs, a round each; base was measured twice in every round. */
export interface SideFigures {
  readonly base: Figures;
  readonly again: Figures;
  readonly head: Figures;
}

export interface Comparison {
  /** 0.03: head costs 3 % more than base. */
  readonly slowdown: number;
  /** What base against itself comes to by chance, in as many rounds: exceeded once in twenty runs. */
  readonly noise: number;
  readonly limit: number;
  readonly isSlower: boolean;
}

/** A slowdown that nobody minds. */
const ALLOWED = 0.05;

const RESAMPLES = 1_000;
const CONFIDENCE = 0.95;
/** Any: it makes the verdict on the same figures the same. */
const SEED = 1;

export function compareSides({ base, again, head }: SideFigures): Comparison {
  const middle = base.map((figure, round) => Math.sqrt(figure * (again[round] ?? Number.NaN)));
  const slowdown = median(ratios(head, middle)) - 1;
  const noise = noiseOf(ratios(again, base));
  const limit = ALLOWED + noise;
  return { slowdown, noise, limit, isSlower: slowdown > limit };
}

/** By the bootstrap: how far from 1 the median of as many ratios gets, drawn from those that were seen. */
function noiseOf(seen: Figures): number {
  const random = new Random(SEED);
  const distances = Array.from({ length: RESAMPLES }, () => Math.abs(median(seen.map(() => random.pick(seen))) - 1));
  return quantile(distances, CONFIDENCE);
}
