/**
 * Which subtrees a Merkle proof consists of (RFC 6962 sections 2.1.1 and 2.1.2): pure arithmetic on leaf counts, no
 * hashes. A proof is the roots of these ranges in this order, so whoever holds the leaf hashes, in memory or in a file
 * of millions, can make one in a single pass.
 */
import { GaitError } from '../errors.js';

/** Leaves `start` (included) to `end` (excluded) of a log. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Ranges of the inclusion proof of one leaf, its sibling first: PATH(m, D[n]) of RFC 6962 section 2.1.1.
 *
 * @throws GaitError INVALID_ARGUMENT unless 0 <= leafIndex < treeSize <= 2^53 - 1.
 */
export function inclusionRanges(leafIndex: number, treeSize: number): readonly LeafRange[] {
  if (!Number.isSafeInteger(treeSize) || !Number.isSafeInteger(leafIndex) || leafIndex < 0 || leafIndex >= treeSize) {
    throw new GaitError('INVALID_ARGUMENT', 'a leaf to prove lies in the tree', { details: { leafIndex, treeSize } });
  }
  const path: LeafRange[] = [];
  let start = 0;
  let end = treeSize;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (leafIndex < middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  return path.reverse();
}

/**
 * Ranges of the proof that the log of `firstSize` leaves is a prefix of that of `secondSize`: PROOF(m, D[n]) of
 * RFC 6962 section 2.1.2. Empty when the sizes are equal.
 *
 * @throws GaitError INVALID_ARGUMENT unless 0 < firstSize <= secondSize <= 2^53 - 1.
 */
export function consistencyRanges(firstSize: number, secondSize: number): readonly LeafRange[] {
  if (
    !Number.isSafeInteger(secondSize) ||
    !Number.isSafeInteger(firstSize) ||
    firstSize < 1 ||
    firstSize > secondSize
  ) {
    throw new GaitError('INVALID_ARGUMENT', 'a consistency proof is between a non-empty tree and one not smaller', {
      details: { firstSize, secondSize },
    });
  }
  const proof: LeafRange[] = [];
  let start = 0;
  let end = secondSize;
  // Down to the subtree that ends where the first tree ends; what hangs off on the way is the proof, last one first.
  while (end !== firstSize) {
    const middle = start + splitPoint(end - start);
    if (firstSize <= middle) {
      proof.push({ start: middle, end });
      end = middle;
    } else {
      proof.push({ start, end: middle });
      start = middle;
    }
  }
  // Where that subtree is the whole first tree, the verifier knows its root.
  if (start > 0) proof.push({ start, end });
  return proof.reverse();
}

/** The largest power of two smaller than n, for n > 1. Multiplication, not shifts: n passes 2^32. */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
