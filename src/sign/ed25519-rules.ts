/**
 * Ed25519 (RFC 8032) with one rule set, whichever library does the arithmetic.
 *
 * A signature R‖S of message M by key A is accepted when
 * - S < L (RFC 8032 section 5.1.7), so that nobody can make a second signature out of a first;
 * - A is canonically encoded (y < p, section 5.1.3), on the curve and not of small order: such a key lets one signature
 *   stand for many messages, and evidence must be bound to one;
 * - the encoding of [S]B - [SHA-512(R‖A‖M) mod L]A is R, byte for byte: the cofactorless equation that section 5.1.7
 *   allows. OpenSSL, Go and ref10 compute it so, and it needs no rule for R: only a canonical R can be equal.
 *
 * This is not ZIP 215, which multiplies by the cofactor and takes non-canonical points. Libraries differ on exactly
 * these cases (OpenSSL takes keys with y >= p or of small order, noble multiplies by the cofactor), so the first two
 * rules are checked here, before any back end, and the noble back end computes the third for itself.
 */
import { GaitError } from '../errors.js';

/** Size of a public key, and of the seed that is the private key, in bytes. */
export const KEY_BYTES = 32;
/** Size of a signature, in bytes. */
export const SIGNATURE_BYTES = 64;

/** The arithmetic of one library. Inputs have the right sizes, and what verify gets has passed the rules above. */
export interface Ed25519Backend {
  sign(message: Uint8Array, seed: Uint8Array): Buffer;
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  publicKey(seed: Uint8Array): Buffer;
}

/** Ed25519 by the rule set of this module. Seeds and public keys are 32 bytes, signatures 64. */
export interface Ed25519 {
  /** The signature of a message. Throws GaitError INVALID_ARGUMENT for a seed of another size. */
  sign(message: Uint8Array, seed: Uint8Array): Buffer;
  /** True when the signature is that of the message by the key; false for any other input, of any size. */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  /** The public key of a seed. Throws GaitError INVALID_ARGUMENT for a seed of another size. */
  publicKey(seed: Uint8Array): Buffer;
}

/** Puts the rules in front of a library. */
export function withStrictRules(backend: Ed25519Backend): Ed25519 {
  return {
    sign: (message, seed) => backend.sign(message, requireSeed(seed)),
    verify: (signature, message, publicKey) =>
      isReducedSignature(signature) && isStrictPublicKey(publicKey) && backend.verify(signature, message, publicKey),
    publicKey: (seed) => backend.publicKey(requireSeed(seed)),
  };
}

/** Order of the base point, L = 2^252 + 27742317777372353535851937790883648493, little-endian. RFC 8032 section 5.1. */
const GROUP_ORDER: Buffer = Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex');

/** p = 2^255 - 19, little-endian. RFC 8032 section 5.1. */
const FIELD_PRIME: Buffer = Buffer.from('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'hex');

/**
 * The y of every point whose order divides 8, little-endian: 1 (order 1), -1 (2), 0 (4) and the two of order 8. Each
 * stands for both signs of x; where x is 0, the second is an encoding that RFC 8032 section 5.1.3 forbids anyway.
 */
const SMALL_ORDER_Y: readonly Buffer[] = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex'));

/** True when the size is right and S, the second half, is below L. */
function isReducedSignature(signature: Uint8Array): boolean {
  return signature.length === SIGNATURE_BYTES && isLess(signature.subarray(KEY_BYTES), GROUP_ORDER);
}

/**
 * True for 32 bytes that encode y < p, of no point of small order. Whether the point is on the curve is left to the
 * back end: a key that is not verifies nothing.
 */
export function isStrictPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== KEY_BYTES) return false;
  const y = Buffer.from(publicKey);
  // The top bit is the sign of x.
  y.writeUInt8(y.readUInt8(KEY_BYTES - 1) & 0x7f, KEY_BYTES - 1);
  return isLess(y, FIELD_PRIME) && !SMALL_ORDER_Y.some((small) => small.equals(y));
}

/** a < b, both little-endian of one length. Not constant in time: all that is compared here is public. */
function isLess(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(Buffer.from(a).reverse(), Buffer.from(b).reverse()) < 0;
}

function requireSeed(seed: Uint8Array): Uint8Array {
  if (seed.length === KEY_BYTES) return seed;
  throw new GaitError('INVALID_ARGUMENT', `an Ed25519 seed is ${KEY_BYTES} bytes`, { details: { found: seed.length } });
}
