import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Point } from '@noble/ed25519';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { works } from '../../src/sign/ed25519.js';
import { ed25519, isStrictPublicKey, nobleEd25519, nodeEd25519 } from '../../src/sign/index.js';
import { caught } from './caught.js';
import { RFC8032_VECTORS } from './ed25519-vectors.js';

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** The one verdict of both back ends; a difference fails the test. */
function verdict(signature: Uint8Array, message: Uint8Array, key: Uint8Array, about?: string): boolean {
  const fast = nodeEd25519.verify(signature, message, key);
  expect(nobleEd25519.verify(signature, message, key), about).toBe(fast);
  return fast;
}

describe.each([
  ['node:crypto', nodeEd25519],
  ['noble', nobleEd25519],
])('%s', (_, library) => {
  test.each(RFC8032_VECTORS)('RFC 8032 $name: key, signature and verdict', ({ seed, key, message, sig }) => {
    expect(library.publicKey(hex(seed)).toString('hex')).toBe(key);
    expect(library.sign(hex(message), hex(seed)).toString('hex')).toBe(sig);
    expect(library.verify(hex(sig), hex(message), hex(key))).toBe(true);
  });

  test('a seed of another size is refused', () => {
    for (const size of [0, 31, 33, 64]) {
      expect(caught(() => library.publicKey(Buffer.alloc(size))).code).toBe('INVALID_ARGUMENT');
      expect(caught(() => library.sign(Buffer.alloc(3), Buffer.alloc(size))).code).toBe('INVALID_ARGUMENT');
    }
  });

  test('signatures and keys of another size verify nothing', () => {
    const { seed, key, sig } = RFC8032_VECTORS[0] ?? { seed: '', key: '', sig: '' };
    const empty = Buffer.alloc(0);
    expect(library.verify(hex(sig), empty, library.publicKey(hex(seed)))).toBe(true);
    for (const bad of ['', sig.slice(2), `${sig}00`]) expect(library.verify(hex(bad), empty, hex(key))).toBe(false);
    for (const bad of ['', key.slice(2), `${key}00`]) expect(library.verify(hex(sig), empty, hex(bad))).toBe(false);
  });

  test('a key that is not on the curve verifies nothing', () => {
    // y = 2 has no x.
    const offCurve = Buffer.concat([Buffer.of(2), Buffer.alloc(31)]);
    expect(isStrictPublicKey(offCurve)).toBe(true);
    expect(library.verify(hex(RFC8032_VECTORS[0]?.sig ?? ''), Buffer.alloc(0), offCurve)).toBe(false);
  });
});

test('the library in use is node:crypto, chosen once; one that fails or answers wrong is not used', () => {
  expect(ed25519()).toBe(nodeEd25519);
  expect(ed25519()).toBe(ed25519());
  expect(works(nobleEd25519)).toBe(true);
  expect(works({ ...nodeEd25519, publicKey: () => Buffer.alloc(32) })).toBe(false);
  const missing = (): never => {
    throw new Error('unsupported');
  };
  expect(works({ ...nodeEd25519, publicKey: missing })).toBe(false);
});

/** Little-endian form of a number in 32 bytes. */
function encode(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}

function decode(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/** The eight points whose order divides 8: multiples of what is left of a point when its prime-order part is taken off. */
const torsion: readonly Point[] = ((): readonly Point[] => {
  for (let y = 2n; ; y++) {
    let candidate: Point;
    try {
      candidate = Point.fromBytes(encode(y));
    } catch {
      continue;
    }
    const part = candidate.multiply(L - 1n, false).add(candidate);
    const multiples = Array.from({ length: 8 }, (_, n) => part.multiply(BigInt(n), false));
    if (new Set(multiples.map((point) => point.toHex())).size === 8) return multiples;
  }
})();

const challenge = (r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint =>
  decode(createHash('sha512').update(r).update(key).update(message).digest()) % L;

/** A signature whose R and key carry a small-order part each: right by the equation times 8, seldom without. */
function mixedOrder(s: bigint, r: bigint, message: Uint8Array, inR: number, inKey: number): [Buffer, Buffer] {
  const key = Point.BASE.multiply(s)
    .add(torsion[inKey] ?? Point.ZERO)
    .toBytes();
  const encodedR = Point.BASE.multiply(r)
    .add(torsion[inR] ?? Point.ZERO)
    .toBytes();
  const S = (r + challenge(encodedR, key, message) * s) % L;
  return [Buffer.concat([encodedR, encode(S)]), Buffer.from(key)];
}

describe('the rules, on both libraries', () => {
  const seed = createHash('sha256').update('a seed').digest();
  const key = nodeEd25519.publicKey(seed);
  const message = Buffer.from('a message');
  const signature = nodeEd25519.sign(message, seed);

  test('S that is not below L is refused, where OpenSSL and the equation would let S + L pass or not', () => {
    const S = decode(signature.subarray(32));
    expect(verdict(signature, message, key)).toBe(true);
    for (const other of [S + L, S + 2n * L, L, 2n ** 256n - 1n]) {
      expect(verdict(Buffer.concat([signature.subarray(0, 32), encode(other)]), message, key)).toBe(false);
    }
  });

  test('keys of small order are refused in every encoding, which some versions of OpenSSL do not', () => {
    const identity = Buffer.from(Point.ZERO.toBytes());
    const forged = Buffer.concat([identity, Buffer.alloc(32)]);
    expect(torsion.filter((point) => point.isSmallOrder())).toHaveLength(8);
    for (const point of torsion) {
      const canonical = point.toBytes();
      const y = decode(canonical) % 2n ** 255n;
      const encodings = [y, y + 2n ** 255n, ...(y < 19n ? [y + P, y + P + 2n ** 255n] : [])].map(encode);
      for (const encoded of [canonical, ...encodings]) {
        expect(isStrictPublicKey(encoded)).toBe(false);
        expect(verdict(forged, message, encoded)).toBe(false);
      }
    }
  });

  test('keys with y of p or more are refused', () => {
    for (let y = P; y < 2n ** 255n; y++) {
      expect(isStrictPublicKey(encode(y))).toBe(false);
      expect(isStrictPublicKey(encode(y + 2n ** 255n))).toBe(false);
    }
    expect(isStrictPublicKey(encode(P - 2n))).toBe(true);
  });

  test('the equation is cofactorless: a small-order part that only times 8 hides is refused', () => {
    const seen = { accepted: 0, refused: 0 };
    for (let n = 0; n < 16; n++) {
      const text = Buffer.from(`message ${n}`);
      for (const [inR, inKey] of [
        [1, 0],
        [4, 0],
        [0, 1],
        [0, 4],
        [2, 2],
        [0, 0],
      ] as const) {
        const [sig, mixedKey] = mixedOrder(123456789n, 987654321n + BigInt(n), text, inR, inKey);
        const k = challenge(sig.subarray(0, 32), mixedKey, text);
        // [S]B - [k]A = R holds exactly where the small-order parts cancel: inR + k * inKey = 0 modulo 8.
        const expected = (BigInt(inR) + k * BigInt(inKey)) % 8n === 0n;
        expect(verdict(sig, text, mixedKey)).toBe(expected);
        seen[expected ? 'accepted' : 'refused']++;
      }
    }
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(10);
  });
});

test('both libraries agree on 10,000 generated signatures and mutations', () => {
  const seeds = Array.from({ length: 50 }, (_, n) => createHash('sha256').update(`seed ${n}`).digest());
  const pairs = seeds.map((seed) => ({ seed, key: nodeEd25519.publicKey(seed) }));
  const flip = (bytes: Buffer, bit: number): Buffer => {
    const copy = Buffer.from(bytes);
    const at = (bit >> 3) % copy.length;
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << (bit & 7)), at);
    return copy;
  };
  const input = fc.record({
    pair: fc.constantFrom(...pairs),
    message: fc.uint8Array({ minLength: 1, maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    kind: fc.constantFrom('none', 'R', 'S', 'key', 'message', 'S+L', 'random key', 'mixed'),
    bit: fc.nat({ max: 255 }),
    scalars: fc.tuple(fc.bigInt({ min: 1n, max: L - 1n }), fc.bigInt({ min: 1n, max: L - 1n })),
    parts: fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 7 })),
    random: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  });
  let accepted = 0;
  fc.assert(
    fc.property(input, ({ pair: { seed, key }, message, kind, bit, scalars, parts, random }) => {
      if (kind === 'mixed') {
        const [mixed, mixedKey] = mixedOrder(...scalars, message, ...parts);
        accepted += Number(verdict(mixed, message, mixedKey));
        return;
      }
      const signature = nodeEd25519.sign(message, seed);
      if (kind === 'none') expect(nobleEd25519.sign(message, seed)).toEqual(signature);
      const half = { R: signature.subarray(0, 32), S: signature.subarray(32) };
      if (kind === 'R' || kind === 'S') half[kind] = flip(half[kind], bit);
      if (kind === 'S+L') half.S = encode(decode(half.S) + L);
      const otherKey = kind === 'key' ? flip(key, bit) : kind === 'random key' ? random : key;
      const otherMessage = kind === 'message' ? flip(message, bit) : message;
      const valid = verdict(Buffer.concat([half.R, half.S]), otherMessage, otherKey);
      expect(valid).toBe(kind === 'none');
      accepted += Number(valid);
    }),
    { numRuns: 10_000 },
  );
  expect(accepted).toBeGreaterThan(1000);
});

const vectors = new URL('../../../shared/vectors/public/', import.meta.url);

describe.skipIf(!isAtHand())('public vectors', () => {
  test('Wycheproof: the verdict it gives', () => {
    const file = readVectors('wycheproof/ed25519_test.json') as {
      testGroups: { publicKey: { pk: string }; tests: { tcId: number; msg: string; sig: string; result: string }[] }[];
    };
    const cases = file.testGroups.flatMap(({ publicKey, tests }) => tests.map((one) => ({ ...one, pk: publicKey.pk })));
    expect(cases.length).toBeGreaterThanOrEqual(150);
    for (const { tcId, msg, sig, result, pk } of cases) {
      expect(verdict(hex(sig), hex(msg), hex(pk), `case ${tcId}`), `case ${tcId}`).toBe(result === 'valid');
    }
  });

  test('speccheck: of its twelve cases, the two that a cofactorless verifier without small-order keys accepts', () => {
    const cases = readVectors('speccheck/cases.json') as { message: string; pub_key: string; signature: string }[];
    const accepted = cases.flatMap(({ message, pub_key, signature }, n) =>
      verdict(hex(signature), hex(message), hex(pub_key), `case ${n}`) ? [n] : [],
    );
    expect(cases).toHaveLength(12);
    expect(accepted).toEqual([2, 3]);
  });

  test('CCTV: accepted where its flags name nothing that the rules refuse', () => {
    const cases = readVectors('cctv/ed25519vectors.json') as {
      number: number;
      key: string;
      sig: string;
      msg: string;
      flags: string[] | null;
    }[];
    const refusedFlags = ['low_order_A', 'non_canonical_A', 'non_canonical_R', 'low_order_residue', 'reencoded_k'];
    const seen = { accepted: 0, refused: 0 };
    for (const { number, key, sig, msg, flags } of cases) {
      const expected = !(flags ?? []).some((flag) => refusedFlags.includes(flag));
      expect(verdict(hex(sig), Buffer.from(msg), hex(key), `case ${number}`), `case ${number}`).toBe(expected);
      seen[expected ? 'accepted' : 'refused']++;
    }
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(10);
  });
});

function isAtHand(): boolean {
  const present = existsSync(vectors);
  if (!present) console.warn('SKIPPED ALOUD: ../shared/vectors/public (Wycheproof, speccheck, CCTV) is not at hand');
  return present;
}

function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, vectors), 'utf8'));
}
