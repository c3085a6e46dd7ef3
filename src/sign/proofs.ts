/**
 * Merkle inclusion and consistency proofs, RFC 6962 section 2.1: making them through a reader that knows the leaf
 * hashes, and checking them by the algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2. No I/O here.
 */
import { HASH_BYTES } from './digest.js';
import { Frontier } from './frontier.js';
import { consistencyRanges, inclusionRanges } from './proof-ranges.js';
import { EMPTY_ROOT, nodeHash } from './tree.js';

/** Knows the leaf hashes of a log. {@link rangeRoot} turns a run of them into the answer. */
export interface RangeReader {
  /** Merkle root of the leaves `start` (included) to `end` (excluded). */
  rangeHash(start: number, end: number): Uint8Array;
}

/** Merkle root of a run of leaf hashes (32 bytes each), in flat memory. */
export function rangeRoot(leafHashes: Iterable<Uint8Array>): Buffer {
  const frontier = new Frontier();
  for (const leaf of leafHashes) frontier.append(leaf);
  return frontier.root();
}

/**
 * The inclusion proof of a leaf, sibling first.
 *
 * @throws GaitError INVALID_ARGUMENT unless 0 <= leafIndex < treeSize.
 */
export function inclusionProof(leafIndex: number, treeSize: number, reader: RangeReader): readonly Uint8Array[] {
  return inclusionRanges(leafIndex, treeSize).map(({ start, end }) => reader.rangeHash(start, end));
}

/**
 * The proof that the log of `firstSize` leaves is a prefix of that of `secondSize`.
 *
 * @throws GaitError INVALID_ARGUMENT unless 0 < firstSize <= secondSize.
 */
export function consistencyProof(firstSize: number, secondSize: number, reader: RangeReader): readonly Uint8Array[] {
  return consistencyRanges(firstSize, secondSize).map(({ start, end }) => reader.rangeHash(start, end));
}

/** A claim that a leaf is in a tree. Every hash is 32 bytes. */
export interface InclusionClaim {
  readonly leafHash: Uint8Array;
  readonly leafIndex: number;
  readonly treeSize: number;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** True when the proof leads from the leaf to the root, RFC 9162 section 2.1.3.2; false also for malformed claims. */
export function verifyInclusion({ leafHash, leafIndex, treeSize, proof, root }: InclusionClaim): boolean {
  if (!isSize(leafIndex) || !isSize(treeSize) || leafIndex >= treeSize) return false;
  if (!areHashes([leafHash, root, ...proof])) return false;
  let index = leafIndex;
  let last = treeSize - 1;
  let hash: Uint8Array = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (index % 2 === 1 || index === last) {
      hash = nodeHash(sibling, hash);
      // At the right edge, levels at which the node has no sibling add nothing to the proof.
      while (index % 2 === 0 && index !== 0) [index, last] = [half(index), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [index, last] = [half(index), half(last)];
  }
  return last === 0 && isSame(hash, root);
}

/** A claim that one tree is a prefix of another. Every hash is 32 bytes. */
export interface ConsistencyClaim {
  readonly firstSize: number;
  readonly secondSize: number;
  readonly firstRoot: Uint8Array;
  readonly secondRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * True when the proof shows the first tree to be a prefix of the second, RFC 9162 section 2.1.4.2. Trees of equal size
 * need an empty proof and equal roots. Two empty trees agree; an empty tree before any other proves nothing, so it is
 * refused. False also for malformed claims.
 */
export function verifyConsistency({ firstSize, secondSize, firstRoot, secondRoot, proof }: ConsistencyClaim): boolean {
  if (!isSize(firstSize) || !isSize(secondSize) || firstSize > secondSize) return false;
  if (!areHashes([firstRoot, secondRoot, ...proof])) return false;
  if (firstSize === secondSize) {
    const mayBe = firstSize > 0 || isSame(firstRoot, EMPTY_ROOT);
    return mayBe && proof.length === 0 && isSame(firstRoot, secondRoot);
  }
  if (firstSize === 0) return false;
  let index = firstSize - 1;
  let last = secondSize - 1;
  while (index % 2 === 1) [index, last] = [half(index), half(last)];
  // index 0 by now: the first tree is one complete subtree, whose root the proof leaves out.
  const [start, ...rest] = index === 0 ? [firstRoot, ...proof] : proof;
  if (start === undefined) return false;
  let first = start;
  let second = start;
  for (const hash of rest) {
    if (last === 0) return false;
    if (index % 2 === 1 || index === last) {
      first = nodeHash(hash, first);
      second = nodeHash(hash, second);
      while (index % 2 === 0 && index !== 0) [index, last] = [half(index), half(last)];
    } else {
      second = nodeHash(second, hash);
    }
    [index, last] = [half(index), half(last)];
  }
  return last === 0 && isSame(first, firstRoot) && isSame(second, secondRoot);
}

/** Division, not a shift: tree sizes pass 2^32. */
function half(value: number): number {
  return Math.floor(value / 2);
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === HASH_BYTES);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
