import { isGaitError, verifyTrace } from '../../src/index.js';

/** What becomes of a text: the verdict, or the code of the error when it is no trace. */
export function outcomeOf(text: string, publicKeys: readonly Uint8Array[]): string {
  try {
    return verifyTrace(text, 'trace.json', { publicKeys }).verdict;
  } catch (error) {
    if (isGaitError(error)) return error.code;
    throw error;
  }
}

/** Every text that differs from this one in one bit of its bytes; bytes that are no ASCII come as Latin-1. */
export function* bitFlips(text: string): Generator<{ readonly at: string; readonly flipped: string }, void> {
  const bytes = Buffer.from(text);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield { at: `byte ${bit >> 3}, bit ${bit & 7}`, flipped: flipped.toString('latin1') };
  }
}
