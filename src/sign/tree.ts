/**
 * Hashes of the Merkle tree of RFC 6962, section 2.1: leaves and inner nodes are hashed with different first bytes, so
 * that no leaf can be passed off as a node.
 */
import { HASH_BYTES, sha256, sha256Hex, sha256Into } from './digest.js';

/** First byte of what is hashed for a leaf, RFC 6962 section 2.1. */
const LEAF_PREFIX = 0x00;
/** First byte of what is hashed for an inner node, RFC 6962 section 2.1. */
const NODE_PREFIX = 0x01;

/** Root of the tree without leaves: SHA-256 of nothing. Shared: copy it before handing it to somebody who may write. */
export const EMPTY_ROOT: Buffer = sha256('');

/** SHA-256(0x00 || line): the leaf hash of a line given as raw bytes, without its LF. */
export function leafHash(line: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(line.length + 1);
  input[0] = LEAF_PREFIX;
  input.set(line, 1);
  return sha256(input);
}

/** {@link leafHash} of the UTF-8 form of a text. The prefix is one character, so no bytes need to be copied about. */
export function leafHashOfText(line: string): Buffer {
  return sha256(`\0${line}`);
}

/**
 * {@link leafHash} of the line from `start` to `end`, in hexadecimal, without a copy: the byte before the line stands in
 * for the prefix while the hash is made, and is what it was when this returns. So `start` is at least 1.
 */
export function leafHashInPlace(bytes: Uint8Array, start: number, end: number): string {
  const before = putPrefix(bytes, start);
  const hash = sha256Hex(bytes.subarray(start - 1, end));
  bytes[start - 1] = before;
  return hash;
}

/** Writes what {@link leafHashInPlace} gives to `target` at `at`, in 32 bytes. */
export function leafHashInto(bytes: Uint8Array, start: number, end: number, target: Buffer, at: number): void {
  const before = putPrefix(bytes, start);
  // Not `subarray`: of a Buffer that costs half as much again, and this is done for every line of a journal.
  const input = new Uint8Array(bytes.buffer, bytes.byteOffset + start - 1, end - start + 1);
  sha256Into(input, target, at);
  bytes[start - 1] = before;
}

/** @returns what stood there */
function putPrefix(bytes: Uint8Array, start: number): number {
  const before = bytes[start - 1];
  if (before === undefined) throw new RangeError('a line that is hashed in place needs a byte before it');
  bytes[start - 1] = LEAF_PREFIX;
  return before;
}

// One for all: hashing is synchronous.
const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX);

/** SHA-256(0x01 || left || right). Whoever reads hashes from outside checks their size before they come here. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const isUsual = left.length === HASH_BYTES && right.length === HASH_BYTES;
  const input = isUsual ? nodeInput : Buffer.alloc(1 + left.length + right.length, NODE_PREFIX);
  input.set(left, 1);
  input.set(right, 1 + left.length);
  return sha256(input);
}

/** Bytes of two neighbours and of the one in front of them, which {@link joinNeighbours} asks for. */
export const NEIGHBOUR_BYTES: number = 1 + 2 * HASH_BYTES;

/**
 * Puts the hash of the node over two neighbours in the place of the left one, without a copy: the byte before them stands in for
 * the prefix while the hash is made, and is what it was when this returns.
 *
 * @param neighbours {@link NEIGHBOUR_BYTES} bytes, of which the first belongs to somebody else
 */
export function joinNeighbours(neighbours: Buffer): void {
  const before = neighbours[0] ?? 0;
  neighbours[0] = NODE_PREFIX;
  sha256Into(neighbours, neighbours, 1);
  neighbours[0] = before;
}
