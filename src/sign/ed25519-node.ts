/** Ed25519 arithmetic by node:crypto (OpenSSL): an order of magnitude faster than JavaScript. */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Ed25519Backend } from './ed25519-rules.js';

/** DER of a PKCS #8 Ed25519 private key up to its 32-byte seed, RFC 8410 section 7. */
const PKCS8_PREFIX: Buffer = Buffer.from('302e020100300506032b657004220420', 'hex');

export const nodeBackend: Ed25519Backend = {
  sign: (message, seed) => sign(null, message, privateKey(seed)),
  verify: (signature, message, publicKey) => {
    // JWK: OpenSSL takes its bytes as they are, where DER goes through a decoder that costs more than the curve.
    const x = Buffer.from(publicKey).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, message, key, signature);
  },
  publicKey: (seed) => {
    const { x = '' } = createPublicKey(privateKey(seed)).export({ format: 'jwk' });
    return Buffer.from(x, 'base64url');
  },
};

let last: { readonly seed: Buffer; readonly key: KeyObject } | undefined;

/** Reading a private key takes ten times as long as signing with it, and a process signs with one: that one is kept. */
function privateKey(seed: Uint8Array): KeyObject {
  if (last?.seed.equals(seed) !== true) {
    const der = Buffer.concat([PKCS8_PREFIX, seed]);
    last = { seed: Buffer.from(seed), key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
  }
  return last.key;
}
