/**
 * The right edge of a growing Merkle tree (RFC 6962): the roots of the complete subtrees that its leaves divide into,
 * one for each bit of the leaf count. It is all that appending and the root need, at most 53 hashes at any size.
 */
import { GaitError } from '../errors.js';
import { HASH_BYTES } from './digest.js';
import { EMPTY_ROOT, joinNeighbours, nodeHash } from './tree.js';

/** Room for this many hashes is made at first: enough for a log of 65,535 lines. */
const FIRST_SLOTS = 16;

/** Mutable frontier of one log. Append is amortised O(1), root O(log size). */
export class Frontier {
  #size = 0;
  /** Largest subtree (leftmost leaves) first, one after the other behind one byte: what pairs up are neighbours. */
  #hashes: Buffer = Buffer.alloc(1 + FIRST_SLOTS * HASH_BYTES);
  /** The parts of it that are hashed, from the byte before the left hash of a pair on; made when they are first needed. */
  #pairs: Buffer[] = [];
  #count = 0;

  /** Number of leaves, up to 2^53 - 1. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a leaf hash (32 bytes, copied).
   *
   * @throws GaitError INVALID_ARGUMENT when it is not 32 bytes, or the tree is at 2^53 - 1 leaves.
   */
  append(leaf: Uint8Array): void {
    requireHash(leaf);
    if (this.#size === Number.MAX_SAFE_INTEGER)
      throw new GaitError('INVALID_ARGUMENT', 'the log cannot hold more leaves');
    this.#push(leaf);
    // Each trailing one bit of the size is a subtree as large as what we hold: they pair up. Division, not >>>, since
    // sizes pass 2^32.
    for (let rest = this.#size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      this.#count--;
      joinNeighbours((this.#pairs[this.#count - 1] ??= this.#pair(this.#count - 1)));
    }
    this.#size++;
  }

  /** Root of the tree of all leaves so far, 32 bytes; the empty root at size 0. */
  root(): Buffer {
    const [last, ...larger] = this.hashes().toReversed();
    return larger.reduce((root, hash) => nodeHash(hash, root), last ?? Buffer.from(EMPTY_ROOT));
  }

  /** An independent copy. */
  clone(): Frontier {
    return Frontier.#of(this.#size, this.hashes());
  }

  /** The subtree roots, largest subtree first: with the size, everything that {@link Frontier.restore} needs. */
  hashes(): readonly Buffer[] {
    return Array.from({ length: this.#count }, (_, i) =>
      Buffer.from(this.#hashes.subarray(1 + i * HASH_BYTES, 1 + (i + 1) * HASH_BYTES)),
    );
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
    for (const hash of hashes) frontier.#push(hash);
    return frontier;
  }

  #push(hash: Uint8Array): void {
    const at = 1 + this.#count * HASH_BYTES;
    if (at === this.#hashes.length) {
      this.#hashes = Buffer.concat([this.#hashes], 2 * at - 1);
      this.#pairs = [];
    }
    this.#hashes.set(hash, at);
    this.#count++;
  }

  #pair(left: number): Buffer {
    return this.#hashes.subarray(left * HASH_BYTES, 1 + (left + 2) * HASH_BYTES);
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
