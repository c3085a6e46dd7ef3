import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  canonicalDigest,
  keyId,
  keyPairFromSeed,
  parsePublicKey,
  sha256,
  signValue,
  verifySignatureBlock,
} from '../../src/sign/index.js';
import { caught } from './caught.js';

const traces = new URL('../vectors/gait-go/traces/', import.meta.url);
const goKey = parsePublicKey(
  readFileSync(new URL('../vectors/gait-go/keys/run_sig_public.key', import.meta.url), 'utf8'),
);

/** A signed record as it is on disk, taken apart. */
function readTrace(name: string): { signature: unknown; digest: string } {
  const { signature, ...record } = JSON.parse(readFileSync(new URL(name, traces), 'utf8')) as Record<string, unknown>;
  return { signature, digest: canonicalDigest(record) };
}

describe('records of the Go tool', () => {
  test.each([
    ['trace1.json', { valid: true }],
    ['t_nokid.json', { valid: true }],
    ['t_sigbad.json', { valid: false, reason: 'wrong_signature' }],
    ['t_alg.json', { valid: false, reason: 'unsupported_alg' }],
    ['t_tamper.json', { valid: false, reason: 'signed_digest_mismatch' }],
    ['t_nosig.json', { valid: false, reason: 'malformed' }],
  ])('%s', (name, verdict) => {
    const { signature, digest } = readTrace(name);
    expect(verifySignatureBlock(signature, digest, goKey)).toEqual(verdict);
  });
});

describe('our own', () => {
  const pair = keyPairFromSeed(sha256('block'));
  const value = { b: [1, 2], a: 'é' };
  const block = signValue(value, pair);
  const digest = canonicalDigest(value);
  const check = (changed: Readonly<Record<string, unknown>>): unknown =>
    verifySignatureBlock({ ...block, ...changed }, digest, pair.publicKey);

  test('a block has the fields of the format, and verifies whatever order the keys of the value were in', () => {
    expect(block).toEqual({ alg: 'ed25519', key_id: keyId(pair.publicKey), sig: block.sig, signed_digest: digest });
    expect(Buffer.from(block.sig, 'base64')).toHaveLength(64);
    expect(digest).toBe(sha256('{"a":"é","b":[1,2]}').toString('hex'));
    expect(verifySignatureBlock(block, canonicalDigest({ a: 'é', b: [1, 2] }), pair.publicKey)).toEqual({
      valid: true,
    });
  });

  const otherPair = keyPairFromSeed(sha256('other'));
  test.each([
    ['no digest', { signed_digest: undefined }, 'missing_signed_digest'],
    ['an empty digest', { signed_digest: '' }, 'missing_signed_digest'],
    ['the digest in upper case', { signed_digest: digest.toUpperCase() }, 'signed_digest_mismatch'],
    ['a digest that is no text', { signed_digest: 1 }, 'signed_digest_mismatch'],
    ['another algorithm', { alg: 'rsa' }, 'unsupported_alg'],
    ['no algorithm', { alg: undefined }, 'unsupported_alg'],
    ['the ID of another key', { key_id: keyId(otherPair.publicKey) }, 'key_id_mismatch'],
    ['an ID that is no text', { key_id: null }, 'key_id_mismatch'],
    ['no signature', { sig: undefined }, 'malformed_sig'],
    ['a signature that is not base64', { sig: `${block.sig}\n` }, 'malformed_sig'],
    ['a short signature', { sig: Buffer.alloc(63).toString('base64') }, 'malformed_sig'],
    ['the signature of another key', { sig: signValue(value, otherPair).sig }, 'wrong_signature'],
  ])('%s is found', (_, changed, reason) => {
    expect(check(changed)).toEqual({ valid: false, reason });
  });

  test('what is no object is malformed', () => {
    for (const bad of [null, undefined, 'x', 1]) {
      expect(verifySignatureBlock(bad, digest, pair.publicKey)).toEqual({ valid: false, reason: 'malformed' });
    }
  });

  test('a value without a canonical form is not signed', () => {
    expect(caught(() => signValue({ a: undefined }, pair)).code).toBe('INVALID_JSON');
  });
});
