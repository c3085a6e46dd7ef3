/**
 * Key files: one line of base64, of seed‖public key (64 bytes) in a private one, of the public key (32 bytes) in a
 * public one. The Go tool writes and reads the same.
 */
import { GaitError } from '../errors.js';
import { sha256Hex } from './digest.js';
import { ed25519 } from './ed25519.js';
import { KEY_BYTES, isStrictPublicKey } from './ed25519-rules.js';
import { decodeBase64 } from './strict-text.js';

/** An Ed25519 key pair. `seed` is the secret: 32 bytes, as is `publicKey`. */
export interface KeyPair {
  readonly seed: Buffer;
  readonly publicKey: Buffer;
}

/**
 * The key pair of 32 secret, random bytes.
 *
 * @throws GaitError INVALID_ARGUMENT for a seed of another size.
 */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  return { seed: Buffer.from(seed), publicKey: ed25519().publicKey(seed) };
}

/**
 * The key pair in the text of a private key file.
 *
 * @throws GaitError INVALID_KEY for anything but canonical base64 of 64 bytes, and when the public half does not belong
 * to the seed: what such a key signs, nobody could verify. Details never hold any of the text.
 */
export function parsePrivateKey(text: string): KeyPair {
  const bytes = decodeKey(text, 2 * KEY_BYTES, 'private');
  const pair = keyPairFromSeed(bytes.subarray(0, KEY_BYTES));
  if (!pair.publicKey.equals(bytes.subarray(KEY_BYTES))) {
    throw new GaitError('INVALID_KEY', 'the public half of the private key does not belong to its seed', {
      details: { kind: 'private', reason: 'mismatch' },
    });
  }
  return pair;
}

/** The text of a private key file, LF included. */
export function formatPrivateKey({ seed, publicKey }: KeyPair): string {
  return `${Buffer.concat([seed, publicKey]).toString('base64')}\n`;
}

/**
 * The 32 bytes in the text of a public key file.
 *
 * @throws GaitError INVALID_KEY for anything but canonical base64 of 32 bytes, and for a point that is not canonically
 * encoded or of small order, with which no signature verifies.
 */
export function parsePublicKey(text: string): Buffer {
  const publicKey = decodeKey(text, KEY_BYTES, 'public');
  requireStrictKey(publicKey);
  return publicKey;
}

/** The text of a public key file, LF included. */
export function formatPublicKey(publicKey: Uint8Array): string {
  return `${Buffer.from(publicKey).toString('base64')}\n`;
}

/** Name of a key in signature blocks: hex SHA-256 of the 32 public bytes. */
export function keyId(publicKey: Uint8Array): string {
  return sha256Hex(publicKey);
}

/** Throws GaitError INVALID_KEY unless signatures can verify with these 32 bytes. */
export function requireStrictKey(publicKey: Uint8Array): void {
  if (isStrictPublicKey(publicKey)) return;
  throw new GaitError('INVALID_KEY', 'the public key is no point that signatures are accepted from', {
    details: { kind: 'public', reason: 'unsafe_point' },
  });
}

function decodeKey(text: string, size: number, kind: 'private' | 'public'): Buffer {
  // Editors and shells leave blanks and line ends at either end.
  const bytes = decodeBase64(text.trim());
  if (bytes === undefined) {
    throw new GaitError('INVALID_KEY', `a ${kind} key file holds one line of base64`, {
      details: { kind, reason: 'not_base64' },
    });
  }
  if (bytes.length !== size) {
    throw new GaitError('INVALID_KEY', `a ${kind} key is ${size} bytes, this one is ${bytes.length}`, {
      details: { kind, reason: 'wrong_size', expected: size, found: bytes.length },
    });
  }
  return bytes;
}
