/** RFC 6962 section 2.1 as its text defines it, recursively and without any of src/: the judge of tree tests. */
import { createHash } from 'node:crypto';

export type Hashes = readonly Buffer[];

/** Leaf hashes of a log whose n-th entry is the decimal n. */
export function naiveLeaves(count: number): Hashes {
  return Array.from({ length: count }, (_, n) => createHash('sha256').update(`\0${n}`).digest());
}

/** MTH(D[n]). */
export function naiveRoot(leaves: Hashes): Buffer {
  const [only] = leaves;
  if (only === undefined) return createHash('sha256').digest();
  if (leaves.length === 1) return only;
  const k = splitPoint(leaves.length);
  return createHash('sha256')
    .update('\x01')
    .update(naiveRoot(leaves.slice(0, k)))
    .update(naiveRoot(leaves.slice(k)))
    .digest();
}

/** PATH(m, D[n]), RFC 6962 section 2.1.1. */
export function naivePath(m: number, leaves: Hashes): Hashes {
  if (leaves.length <= 1) return [];
  const k = splitPoint(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m < k ? [...naivePath(m, left), naiveRoot(right)] : [...naivePath(m - k, right), naiveRoot(left)];
}

/** PROOF(m, D[n]), RFC 6962 section 2.1.2, for 0 < m <= n. */
export function naiveConsistency(m: number, leaves: Hashes, whole = true): Hashes {
  if (m === leaves.length) return whole ? [] : [naiveRoot(leaves)];
  const k = splitPoint(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m <= k
    ? [...naiveConsistency(m, left, whole), naiveRoot(right)]
    : [...naiveConsistency(m - k, right, false), naiveRoot(left)];
}

/** The largest power of two smaller than n, for n > 1. */
function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
