/** SHA-256 in one call: the platform's one-shot hash costs half of what a streaming hash object does on short input. */
import { hash } from 'node:crypto';

/** Size of a SHA-256 digest, in bytes. */
export const HASH_BYTES = 32;

/** SHA-256 of bytes, or of the UTF-8 form of a string: 32 bytes. */
export function sha256(data: Uint8Array | string): Buffer {
  // Through a one-byte-per-character string: measurably cheaper on Node 20 than asking for a Buffer.
  return Buffer.from(hash('sha256', data, 'binary'), 'binary');
}

/** Writes the SHA-256 of bytes to `target` at `at`: whoever hashes by the million need not make a Buffer of each. */
export function sha256Into(data: Uint8Array, target: Buffer, at: number): void {
  const digest = hash('sha256', data, 'binary');
  // A call of `write` costs more than this.
  for (let i = 0; i < HASH_BYTES; i += 1) target[at + i] = digest.charCodeAt(i);
}

/** SHA-256 of bytes, or of the UTF-8 form of a string: 64 lower-case hex characters. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}
