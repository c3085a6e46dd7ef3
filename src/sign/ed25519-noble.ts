/**
 * Ed25519 arithmetic by @noble/ed25519, for runtimes whose node:crypto has no Ed25519. Loaded on first use only: the
 * library is a tenth of a short command's start-up time, and hardly ever needed.
 */
import { hash } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as Noble from '@noble/ed25519';
import { KEY_BYTES } from './ed25519-rules.js';
import type { Ed25519Backend } from './ed25519-rules.js';

/** Order of the base point. RFC 8032 section 5.1. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

export const nobleBackend: Ed25519Backend = {
  sign: (message, seed) => Buffer.from(noble().sign(message, seed)),
  verify: verifyCofactorless,
  publicKey: (seed) => Buffer.from(noble().getPublicKey(seed)),
};

let loaded: typeof Noble | undefined;

function noble(): typeof Noble {
  if (loaded === undefined) {
    const library = createRequire(import.meta.url)('@noble/ed25519') as typeof Noble;
    // The library's synchronous functions have no SHA-512 of their own.
    library.hashes.sha512 = (message) => new Uint8Array(sha512(message));
    loaded = library;
  }
  return loaded;
}

/** The library's own verify multiplies by the cofactor; this is the equation that the rule set asks for. */
function verifyCofactorless(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  const { Point } = noble();
  const encodedR = signature.subarray(0, KEY_BYTES);
  const key = decodePoint(publicKey);
  if (key === undefined) return false;
  const s = littleEndian(signature.subarray(KEY_BYTES));
  const k = littleEndian(sha512(Buffer.concat([encodedR, publicKey, message]))) % L;
  const r = Point.BASE.multiply(s, false).subtract(key.multiply(k, false));
  return Buffer.compare(r.toBytes(), encodedR) === 0;
}

/** The point, or undefined for an encoding of none: the library has no other way to say so than to throw. */
function decodePoint(encoded: Uint8Array): Noble.Point | undefined {
  try {
    return noble().Point.fromBytes(encoded, false);
  } catch {
    return undefined;
  }
}

function sha512(data: Uint8Array): Buffer {
  return hash('sha512', data, 'buffer');
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
