/** "Did you mean": the nearest known word to a misspelt one. Pure. */

/** At most this many letters added, dropped or replaced, and fewer than half of the word's. */
const MAX_DISTANCE = 3;

/** `did you mean --journal?`, or undefined when nothing known is near. `prefix` is put before the suggestion. */
export function didYouMean(word: string, known: readonly string[], prefix = ''): string | undefined {
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ candidate, distance }) => distance <= MAX_DISTANCE && distance * 2 < Math.max(2, candidate.length))
    .sort((a, b) => a.distance - b.distance);
  return nearest === undefined ? undefined : `did you mean ${prefix}${nearest.candidate}?`;
}

/** Levenshtein distance, row by row. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
