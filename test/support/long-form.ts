/** Tests that look at samples in `npm test`, and at everything in `npm run test:faults`. */
import { seededRandom } from './seeded.js';

/** `vitest --mode long`. */
export const IS_LONG: boolean = process.env['MODE'] === 'long';

/** As many as the form of the run allows. */
export function times(short: number, long: number): number {
  return IS_LONG ? long : short;
}

/**
 * In the long form everything; in the short form one of each `every`, drawn by the seed, so that another run looks at others, and
 * at as many.
 */
export function sampler(seed: number, every: number): () => boolean {
  const random = seededRandom(seed);
  let place = 0;
  let drawn = 0;
  return () => {
    if (place === 0) drawn = Math.floor(random() * every);
    const isDrawn = place === drawn;
    place = (place + 1) % every;
    return IS_LONG || isDrawn;
  };
}

/** What a run looked at, for the reader of its output: docs/reliability.md quotes these lines. */
export function tell(what: string, counts: Readonly<Record<string, number>>): void {
  const figures = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  console.log(`fault lab: ${what}: ${figures.join(', ')}`);
}
