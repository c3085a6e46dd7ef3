import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_ROOT, HASH_BYTES, leafHash, leafHashOfText, nodeHash, sha256, sha256Hex } from '../../src/sign/index.js';
import { wellFormedString } from './json-arbitraries.js';

describe('RFC 6962 hashes, known answers', () => {
  test.each([
    ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    ['L123456', '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56'],
  ])('leaf %j', (line, hex) => {
    expect(leafHash(Buffer.from(line)).toString('hex')).toBe(hex);
    expect(leafHashOfText(line).toString('hex')).toBe(hex);
  });

  test('node of N123 and N456', () => {
    const node = nodeHash(Buffer.from('N123'), Buffer.from('N456'));
    expect(node.toString('hex')).toBe('aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb');
  });

  test('the empty root', () => {
    expect(EMPTY_ROOT.toString('base64')).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  });
});

test('a text and its UTF-8 bytes have the same leaf hash, and the digests are those of a streaming hash', () => {
  fc.assert(
    fc.property(wellFormedString, (text) => {
      const bytes = Buffer.from(text);
      const streamed = createHash('sha256').update(bytes).digest();
      expect(leafHashOfText(text)).toEqual(leafHash(bytes));
      expect(leafHash(bytes)).toEqual(createHash('sha256').update('\0').update(bytes).digest());
      expect(sha256(text)).toEqual(streamed);
      expect(sha256(bytes)).toEqual(streamed);
      expect(sha256(bytes)).toHaveLength(HASH_BYTES);
      expect(sha256Hex(text)).toBe(streamed.toString('hex'));
    }),
  );
});
