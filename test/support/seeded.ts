/**
 * The seed of this run, for a test that draws random numbers: `GAIT_TEST_SEED`, which vitest.config.ts draws and prints when nobody
 * gave one.
 */
export function testSeed(): number {
  const seed = Number(process.env['GAIT_TEST_SEED']);
  if (!Number.isSafeInteger(seed) || seed <= 0) {
    throw new Error(`GAIT_TEST_SEED is a whole number above 0, not ${process.env['GAIT_TEST_SEED'] ?? 'absent'}`);
  }
  return seed;
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
