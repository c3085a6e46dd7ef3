import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  formatPrivateKey,
  formatPublicKey,
  formatVkey,
  isNoteKeyName,
  keyId,
  keyPairFromSeed,
  noteKey,
  parsePrivateKey,
  parsePublicKey,
  parseVkey,
  sha256,
} from '../../src/sign/index.js';
import { caught } from './caught.js';

const goKeys = new URL('../vectors/gait-go/keys/', import.meta.url);
const goPrivate = readFileSync(new URL('gait_private.key', goKeys), 'utf8');
const goPublic = readFileSync(new URL('gait_public.key', goKeys), 'utf8');
const pair = keyPairFromSeed(sha256('keys test'));

describe('key files', () => {
  test("the Go tool's files are read, and written back byte for byte", () => {
    const read = parsePrivateKey(goPrivate);
    expect(formatPrivateKey(read)).toBe(goPrivate);
    expect(parsePublicKey(goPublic)).toEqual(read.publicKey);
    expect(formatPublicKey(read.publicKey)).toBe(goPublic);
    expect(keyPairFromSeed(read.seed)).toEqual(read);
  });

  test('the key ID is hex SHA-256 of the public key', () => {
    const publicKey = parsePublicKey('E325DoHwFkUs1YWhuv1r9wUcQpbMDaAPTMFRaJL71kw=');
    expect(keyId(publicKey)).toBe('62563ef7285d1e52a58ad9e3cdf364cccd2850c0623f90aefa35466eeef2cdc3');
  });

  test('blanks and line ends around a key do not count', () => {
    expect(parsePrivateKey(`\r\n\t ${formatPrivateKey(pair)} \n`)).toEqual(pair);
    expect(parsePublicKey(` ${formatPublicKey(pair.publicKey)}\r\n`)).toEqual(pair.publicKey);
  });

  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  test.each([
    ['nothing', '', 'wrong_size'],
    ['a public key', formatPublicKey(pair.publicKey), 'wrong_size'],
    ['one byte more', base64(Buffer.alloc(65)), 'wrong_size'],
    ['hex', pair.seed.toString('hex'), 'wrong_size'],
    ['base64 without padding', formatPrivateKey(pair).trim().replace(/=+$/, ''), 'not_base64'],
    ['base64 for URLs', base64(Buffer.alloc(64, 0xff)).replaceAll('/', '_'), 'not_base64'],
    ['bits after the end', `${formatPrivateKey(pair).trim().slice(0, -3)}/==`, 'not_base64'],
    ['a line break inside', formatPrivateKey(pair).replace(/^(.{10})/, '$1\n'), 'not_base64'],
    ['the public half of another key', base64(Buffer.concat([pair.seed, parsePublicKey(goPublic)])), 'mismatch'],
  ])('a private key file with %s is refused, and the error holds none of it', (_, text, reason) => {
    const error = caught(() => parsePrivateKey(text));
    expect(error.code).toBe('INVALID_KEY');
    expect(error.details).toMatchObject({ kind: 'private', reason });
    const shown = JSON.stringify([error.message, error.details, String(error.cause)]);
    if (text !== '') expect(shown).not.toContain(text.trim().slice(0, 12));
  });

  test.each([
    ['a private key', formatPrivateKey(pair), 'wrong_size'],
    ['31 bytes', base64(Buffer.alloc(31)), 'wrong_size'],
    ['a point of small order', base64(Buffer.alloc(32)), 'unsafe_point'],
    ['a point with y of p', base64(Buffer.from(`ed${'ff'.repeat(30)}7f`, 'hex')), 'unsafe_point'],
    ['something else', 'ssh-ed25519 AAAA', 'not_base64'],
  ])('a public key file with %s is refused', (_, text, reason) => {
    const error = caught(() => parsePublicKey(text));
    expect(error.code).toBe('INVALID_KEY');
    expect(error.details).toMatchObject({ kind: 'public', reason });
  });

  test('a seed of another size makes no key', () => {
    expect(caught(() => keyPairFromSeed(Buffer.alloc(31))).code).toBe('INVALID_ARGUMENT');
  });
});

describe('vkeys', () => {
  const vector = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';

  test('the known vkey is read and written back', () => {
    const key = parseVkey(vector);
    expect(key.name).toBe('example.com/foo');
    expect(key.id.toString('hex')).toBe('530d903a');
    expect(key.publicKey).toHaveLength(32);
    expect(formatVkey(key)).toBe(vector);
    expect(noteKey('example.com/foo', key.publicKey)).toEqual(key);
  });

  test('keys whose base64 has a plus, and names of any script, come back the same', () => {
    let withPlus = 0;
    for (let n = 0; n < 50; n++) {
      const key = noteKey(`gait/séance-😀/${n}`, keyPairFromSeed(sha256(`vkey ${n}`)).publicKey);
      const text = formatVkey(key);
      withPlus += Number(text.split('+').length > 3);
      expect(parseVkey(text)).toEqual(key);
    }
    expect(withPlus).toBeGreaterThan(0);
  });

  test.each([
    ['nothing', '', 'malformed'],
    ['a line end', `${vector}\n`, 'malformed'],
    ['upper-case hex', vector.replace('530d903a', '530D903A'), 'malformed'],
    ['a short ID', vector.replace('530d903a', '530d90'), 'malformed'],
    ['the ID of another key', vector.replace('530d903a', '530d903b'), 'wrong_id'],
    ['the name of another key', vector.replace('foo', 'bar'), 'wrong_id'],
    ['no name', vector.replace('example.com/foo', ''), 'bad_name'],
    ['a space in the name', vector.replace('foo', 'f o'), 'bad_name'],
    ['another algorithm', vector.replace('+Aek', '+BOk'), 'unknown_algorithm'],
    ['a longer key', vector.replace('U2k', 'U2kAAAA'), 'malformed'],
    ['a key of small order', `x+00000000+${Buffer.from([1, ...Buffer.alloc(32)]).toString('base64')}`, 'unsafe_point'],
  ])('a vkey with %s is refused', (_, text, reason) => {
    const error = caught(() => parseVkey(text));
    expect(error.code).toBe('INVALID_KEY');
    expect(error.details['reason']).toBe(reason);
  });

  test.each(['', 'a b', 'a+b', 'a\nb', 'a\tb', 'a\u00a0b', 'a\u2028b', 'a\u3000', 'a\u0085', 'a\u0000', 'a\ud800'])(
    '%j names no key',
    (name) => {
      expect(isNoteKeyName(name)).toBe(false);
      expect(caught(() => noteKey(name, pair.publicKey)).code).toBe('INVALID_KEY');
    },
  );
});
