/** The Merkle tree of RFC 6962 over the lines of a log, of which the first may be known by their frontier alone. */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);

export function leafHash(line: string): Uint8Array {
  return sha256(concatBytes(LEAF_PREFIX, utf8ToBytes(line)));
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(NODE_PREFIX, left, right));
}

export class Tree {
  readonly #start: number;
  readonly #leaves: Uint8Array[] = [];
  /** Roots of complete subtrees by `first leaf/size`. */
  readonly #known = new Map<string, Uint8Array>();

  /** @param frontier of the first `start` leaves, largest subtree first */
  constructor(start: number, frontier: readonly Uint8Array[]) {
    this.#start = start;
    let at = 0;
    let rest = start;
    for (const hash of frontier) {
      const size = largestPower(rest);
      if (size === 0) throw new Error('the frontier has too many hashes');
      this.#known.set(`${at}/${size}`, hash);
      at += size;
      rest -= size;
    }
    if (rest !== 0) throw new Error('the frontier has too few hashes');
  }

  get size(): number {
    return this.#start + this.#leaves.length;
  }

  append(leaf: Uint8Array): void {
    this.#leaves.push(leaf);
  }

  /** Root of the first `size` leaves. */
  root(size: number): Uint8Array {
    return size === 0 ? sha256(new Uint8Array()) : this.#range(0, size);
  }

  /** Inclusion proof of a leaf in the tree of the first `size` leaves, sibling first. RFC 6962 section 2.1.1. */
  path(index: number, size: number): Uint8Array[] {
    const hashes: Uint8Array[] = [];
    let [from, to] = [0, size];
    while (to - from > 1) {
      const middle = from + splitOf(to - from);
      if (index < middle) {
        hashes.push(this.#range(middle, to));
        to = middle;
      } else {
        hashes.push(this.#range(from, middle));
        from = middle;
      }
    }
    return hashes.reverse();
  }

  #range(from: number, to: number): Uint8Array {
    const size = to - from;
    const name = `${from}/${size}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (size === 1) {
      const leaf = this.#leaves[from - this.#start];
      if (leaf === undefined) throw new Error(`leaf ${from} is not in the page`);
      return leaf;
    }
    const middle = from + splitOf(size);
    const hash = nodeHash(this.#range(from, middle), this.#range(middle, to));
    // Only complete subtrees stay as they are while the log grows.
    if (largestPower(size) === size) this.#known.set(name, hash);
    return hash;
  }
}

/** The largest power of two below `size`. */
function splitOf(size: number): number {
  return largestPower(size - 1);
}

/** The largest power of two that is not above `size`; 0 for 0. */
function largestPower(size: number): number {
  let power = 1;
  if (size === 0) return 0;
  while (power * 2 <= size) power *= 2;
  return power;
}
