/**
 * The signature block of gait records (manifests, traces): Ed25519 over the 32 raw bytes of the SHA-256 of the
 * record's RFC 8785 form. The Go tool writes and reads the same.
 */
import { canonicalJson } from './canonical-json.js';
import { sha256Hex } from './digest.js';
import { ed25519 } from './ed25519.js';
import { SIGNATURE_BYTES } from './ed25519-rules.js';
import { keyId } from './keys.js';
import type { KeyPair } from './keys.js';
import { decodeBase64 } from './strict-text.js';

export interface SignatureBlock {
  readonly alg: 'ed25519';
  /** Hex SHA-256 of the public key. */
  readonly key_id: string;
  /** Base64 of the 64-byte signature over the digest's 32 raw bytes. */
  readonly sig: string;
  /** Hex SHA-256 of the RFC 8785 form of what is signed. */
  readonly signed_digest: string;
}

/** What checking a block found; `reason` is the first rule that failed. */
export type SignatureVerdict =
  | { readonly valid: true }
  | {
      readonly valid: false;
      readonly reason:
        | 'malformed'
        | 'missing_signed_digest'
        | 'signed_digest_mismatch'
        | 'unsupported_alg'
        | 'key_id_mismatch'
        | 'malformed_sig'
        | 'wrong_signature';
    };

/** Hex SHA-256 of the RFC 8785 form of a value. Throws GaitError INVALID_JSON where it has none. */
export function canonicalDigest(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}

/** The block that signs a value (without its signature). Throws GaitError INVALID_JSON where it has no RFC 8785 form. */
export function signValue(value: unknown, { seed, publicKey }: KeyPair): SignatureBlock {
  const digest = canonicalDigest(value);
  return {
    alg: 'ed25519',
    key_id: keyId(publicKey),
    sig: ed25519().sign(Buffer.from(digest, 'hex'), seed).toString('base64'),
    signed_digest: digest,
  };
}

/**
 * Checks a block read from elsewhere against the digest recomputed from what it claims to sign (see
 * {@link canonicalDigest}) and a 32-byte public key. Rules in the order of the Go tool; as there, an absent or empty
 * `key_id` is not compared, since the signature itself names the key.
 */
export function verifySignatureBlock(block: unknown, digest: string, publicKey: Uint8Array): SignatureVerdict {
  if (typeof block !== 'object' || block === null) return { valid: false, reason: 'malformed' };
  const { alg, key_id, sig, signed_digest } = block as Partial<Record<keyof SignatureBlock, unknown>>;
  if (signed_digest === undefined || signed_digest === '') return { valid: false, reason: 'missing_signed_digest' };
  if (signed_digest !== digest) return { valid: false, reason: 'signed_digest_mismatch' };
  if (alg !== 'ed25519') return { valid: false, reason: 'unsupported_alg' };
  const namesKey = key_id !== undefined && key_id !== '';
  if (namesKey && key_id !== keyId(publicKey)) return { valid: false, reason: 'key_id_mismatch' };
  const signature = typeof sig === 'string' ? decodeBase64(sig) : undefined;
  if (signature?.length !== SIGNATURE_BYTES) return { valid: false, reason: 'malformed_sig' };
  const valid = ed25519().verify(signature, Buffer.from(digest, 'hex'), publicKey);
  return valid ? { valid } : { valid, reason: 'wrong_signature' };
}
