/** Tests that look at samples in `npm test`, and at everything in `npm run test:faults`. */
import { appendFileSync } from 'node:fs';
import type { TestContext } from 'vitest';
import { FAULT_COUNTS } from './paths.js';
import { seededRandom } from './seeded.js';

/** `vitest --mode long`. */
export const IS_LONG: boolean = process.env['MODE'] === 'long';

/** As many as the form of the run allows. */
export function times(short: number, long: number): number {
  return IS_LONG ? long : short;
}

/**
 * One of each `every`, drawn by the seed, so that another run looks at others, and at as many. In the long form one of each
 * `everyLong`: all of them unless told otherwise.
 */
export function sampler(seed: number, every: number, everyLong = 1): () => boolean {
  const size = times(every, everyLong);
  const random = seededRandom(seed);
  let place = 0;
  let drawn = 0;
  return () => {
    if (place === 0) drawn = Math.floor(random() * size);
    const isDrawn = place === drawn;
    place = (place + 1) % size;
    return isDrawn;
  };
}

/** What a run looked at, for the reader of its output. docs/reliability.md quotes these lines. */
export function tell(what: string, counts: Readonly<Record<string, number>>): void {
  const figures = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  const line = `${what}: ${figures.join(', ')}`;
  console.log(`fault lab: ${line}`);
  // The long form tells all of them together in its end.
  if (IS_LONG) appendFileSync(FAULT_COUNTS, `${line}\n`);
}

/** Skips aloud: a reader of the output must see what was not looked at. */
export function need(context: TestContext, isThere: boolean, what: string): void {
  if (isThere) return;
  const line = `NOT LOOKED AT: ${context.task.name}: ${what}`;
  console.log(`fault lab: ${line}`);
  if (IS_LONG) appendFileSync(FAULT_COUNTS, `${line}\n`);
  context.skip(what); // What a machine does not have (a mount, a tool) is no failure of the code, and no proof of it either.
}
