/** Finds a small part of what failed that still fails: delta debugging, after Zeller and Hildebrandt. */

/**
 * Leaves out ever smaller pieces for as long as the rest fails.
 *
 * @param stillFails may be wrong now and then, as a race is: what it returns is taken for true
 * @param mayGoOn asked before each trial, so that the search can be bounded
 * @returns the smallest part seen to fail; `items` itself when none was
 */
export async function shrink<T>(
  items: readonly T[],
  stillFails: (part: readonly T[]) => Promise<boolean>,
  mayGoOn: () => boolean,
): Promise<readonly T[]> {
  let failing = items;
  if (failing.length > 0 && mayGoOn() && (await stillFails([]))) return [];
  let pieces = 2;
  while (failing.length > 1 && mayGoOn()) {
    const smaller = await firstFailing(failing, pieces, stillFails, mayGoOn);
    if (smaller !== undefined) {
      failing = smaller;
      pieces = Math.max(2, pieces - 1);
    } else if (pieces < failing.length) {
      pieces = Math.min(failing.length, pieces * 2);
    } else break;
  }
  return failing;
}

/** Each piece alone, then all but each piece. */
async function firstFailing<T>(
  items: readonly T[],
  pieces: number,
  stillFails: (part: readonly T[]) => Promise<boolean>,
  mayGoOn: () => boolean,
): Promise<readonly T[] | undefined> {
  const size = Math.ceil(items.length / pieces);
  const cuts = Array.from({ length: Math.ceil(items.length / size) }, (_, piece) => piece * size);
  const alone = cuts.map((from) => items.slice(from, from + size));
  const without = cuts.map((from) => [...items.slice(0, from), ...items.slice(from + size)]);
  for (const part of [...alone, ...(cuts.length > 2 ? without : [])]) {
    if (!mayGoOn()) return undefined;
    if (await stillFails(part)) return part;
  }
  return undefined;
}
