/** The Ed25519 in use: node:crypto where it can, @noble/ed25519 where it cannot. Same rules, same answers. */
import { nobleBackend } from './ed25519-noble.js';
import { nodeBackend } from './ed25519-node.js';
import { isStrictPublicKey, KEY_BYTES, withStrictRules } from './ed25519-rules.js';
import type { Ed25519 } from './ed25519-rules.js';

/** Ed25519 by node:crypto. */
export const nodeEd25519: Ed25519 = withStrictRules({
  ...nodeBackend,
  // Newer versions of OpenSSL refuse an R of small order, which RFC 8032 does not: there the other library decides.
  verify: (signature, message, publicKey) =>
    nodeBackend.verify(signature, message, publicKey) ||
    (!isStrictPublicKey(signature.subarray(0, KEY_BYTES)) && nobleBackend.verify(signature, message, publicKey)),
});

/** Ed25519 by @noble/ed25519. */
export const nobleEd25519: Ed25519 = withStrictRules(nobleBackend);

/** RFC 8032 section 7.1, test 1. */
const KNOWN_SEED: Buffer = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
const KNOWN_KEY: Buffer = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');

let chosen: Ed25519 | undefined;

/** Ed25519 by the faster library that works here; the choice is made at the first call and stays. */
export function ed25519(): Ed25519 {
  chosen ??= works(nodeEd25519) ? nodeEd25519 : nobleEd25519;
  return chosen;
}

/** True when the library gives a known answer. One that was built without Ed25519 throws. */
export function works(candidate: Ed25519): boolean {
  try {
    return candidate.publicKey(KNOWN_SEED).equals(KNOWN_KEY);
  } catch {
    return false;
  }
}
