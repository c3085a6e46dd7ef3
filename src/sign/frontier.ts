/**
 * The right edge of a growing Merkle tree (RFC 6962): the roots of the complete subtrees that its leaves divide into,
 * one for each bit of the leaf count. It is all that appending and the root need, at most 53 hashes at any size.
 */
import { GaitError } from '../errors.js';
import { HASH_BYTES } from './digest.js';
import { EMPTY_ROOT, nodeHash } from './tree.js';

/** Mutable frontier of one log. Append is amortised O(1), root O(log size). */
export class Frontier {
  #size = 0;
  /** Largest subtree (leftmost leaves) first. */
  #hashes: Buffer[] = [];

  /** Number of leaves, up to 2^53 - 1. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a leaf hash (32 bytes, copied where it is kept).
   *
   * @throws GaitError INVALID_ARGUMENT when it is not 32 bytes, or the tree is at 2^53 - 1 leaves.
   */
  append(leaf: Uint8Array): void {
    requireHash(leaf);
    if (this.#size === Number.MAX_SAFE_INTEGER)
      throw new GaitError('INVALID_ARGUMENT', 'the log cannot hold more leaves');
    let hash: Uint8Array = leaf;
    // Each trailing one bit of the size is a subtree as large as what we hold: they pair up. Division, not >>>, since
    // sizes pass 2^32.
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#hashes.pop();
      if (left === undefined) throw new GaitError('INTERNAL', 'frontier has fewer hashes than its size says');
      hash = nodeHash(left, hash);
    }
    this.#hashes.push(hash === leaf ? Buffer.from(leaf) : (hash as Buffer));
    this.#size++;
  }

  /** Root of the tree of all leaves so far, 32 bytes; the empty root at size 0. */
  root(): Buffer {
    let root: Buffer | undefined;
    for (let i = this.#hashes.length - 1; i >= 0; i--) {
      const hash = this.#hashes[i];
      if (hash !== undefined) root = root === undefined ? hash : nodeHash(hash, root);
    }
    return Buffer.from(root ?? EMPTY_ROOT);
  }

  /** An independent copy. */
  clone(): Frontier {
    return Frontier.#of(this.#size, this.#hashes);
  }

  /** The subtree roots, largest subtree first: with the size, everything that {@link Frontier.restore} needs. */
  hashes(): readonly Buffer[] {
    return this.#hashes.map((hash) => Buffer.from(hash));
  }

  /**
   * The frontier that {@link Frontier.hashes} and size described.
   *
   * @throws GaitError INVALID_ARGUMENT when `size` is not an integer from 0 to 2^53 - 1, when there is not one hash for
   * each one bit of it, or when a hash is not 32 bytes.
   */
  static restore(size: number, hashes: readonly Uint8Array[]): Frontier {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new GaitError('INVALID_ARGUMENT', 'a tree size is an integer from 0 to 2^53 - 1', { details: { size } });
    }
    const expected = oneBits(size);
    if (hashes.length !== expected) {
      throw new GaitError('INVALID_ARGUMENT', 'a frontier has one hash for each one bit of its size', {
        details: { size, expected, found: hashes.length },
      });
    }
    hashes.forEach(requireHash);
    return Frontier.#of(size, hashes);
  }

  static #of(size: number, hashes: readonly Uint8Array[]): Frontier {
    const frontier = new Frontier();
    frontier.#size = size;
    frontier.#hashes = hashes.map((hash) => Buffer.from(hash));
    return frontier;
  }
}

function requireHash(hash: Uint8Array): void {
  if (hash.length !== HASH_BYTES) {
    throw new GaitError('INVALID_ARGUMENT', `a hash is ${HASH_BYTES} bytes`, { details: { found: hash.length } });
  }
}

function oneBits(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
