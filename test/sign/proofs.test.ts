import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  EMPTY_ROOT,
  consistencyProof,
  consistencyRanges,
  inclusionProof,
  inclusionRanges,
  nodeHash,
  rangeRoot,
  sha256,
  verifyConsistency,
  verifyInclusion,
} from '../../src/sign/index.js';
import type { ConsistencyClaim, InclusionClaim, RangeReader } from '../../src/sign/index.js';
import { caught } from './caught.js';
import { naiveConsistency, naiveLeaves, naivePath, naiveRoot } from './naive-tree.js';

const MAX = 300;
const leaves = naiveLeaves(MAX);

/** Roots of all leaf ranges asked for, each computed once: 300 sizes ask for the same subtrees again and again. */
function cachedReader(): RangeReader {
  const cache = new Map<string, Buffer>();
  return {
    rangeHash(start, end) {
      const name = `${start}-${end}`;
      const hash = cache.get(name) ?? rangeRoot(leaves.slice(start, end));
      cache.set(name, hash);
      return hash;
    },
  };
}

const reader = cachedReader();
const roots = Array.from({ length: MAX + 1 }, (_, size) => naiveRoot(leaves.slice(0, size)));
const rootOf = (size: number): Buffer => roots[size] ?? Buffer.alloc(0);
const leafAt = (index: number): Buffer => leaves[index] ?? Buffer.alloc(0);

function inclusionClaim(leafIndex: number, treeSize: number): InclusionClaim {
  const proof = inclusionProof(leafIndex, treeSize, reader);
  return { leafHash: leafAt(leafIndex), leafIndex, treeSize, proof, root: rootOf(treeSize) };
}

function consistencyClaim(firstSize: number, secondSize: number): ConsistencyClaim {
  const proof = consistencyProof(firstSize, secondSize, reader);
  return { firstSize, secondSize, firstRoot: rootOf(firstSize), secondRoot: rootOf(secondSize), proof };
}

/** Every copy of some bytes with one bit turned over. */
function* flips(bytes: Uint8Array): Generator<Buffer> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    yield copy;
  }
}

const selectedSizes = [...Array(49).keys(), 63, 64, 65, 100, 129, 300];

describe('proofs made', () => {
  test('inclusion proofs are those of RFC 6962, for every leaf of every size to 48 and of others to 300', () => {
    for (const size of selectedSizes) {
      const tree = leaves.slice(0, size);
      for (let index = 0; index < size; index++) {
        expect(inclusionProof(index, size, reader), `${index} of ${size}`).toEqual(naivePath(index, tree));
      }
    }
  });

  test('consistency proofs are those of RFC 6962, between every two sizes to 48 and to others to 300', () => {
    for (const second of selectedSizes) {
      const tree = leaves.slice(0, second);
      for (let first = 1; first <= second; first++) {
        expect(consistencyProof(first, second, reader), `${first} to ${second}`).toEqual(naiveConsistency(first, tree));
      }
    }
  });

  test('of a tree past 2^32 leaves, the ranges cover the tree and stay few', () => {
    const size = 2 ** 33 + 5;
    for (const index of [0, 2 ** 32, 2 ** 33 - 1, 2 ** 33, size - 1]) {
      const ranges = inclusionRanges(index, size);
      expect(ranges.reduce((sum, { start, end }) => sum + end - start, 1)).toBe(size);
      expect(ranges.length).toBeLessThanOrEqual(34);
    }
    expect(consistencyRanges(2 ** 33, size)).toEqual([{ start: 2 ** 33, end: size }]);
  });

  test('a range root is the root of the tree of these leaves', () => {
    expect(rangeRoot([])).toEqual(EMPTY_ROOT);
    expect(rangeRoot(new Set(leaves.slice(0, 11)))).toEqual(rootOf(11));
  });

  test.each([
    [0, 0],
    [1, 1],
    [-1, 3],
    [5, 3],
    [0.5, 3],
    [0, 2 ** 53],
    [Number.NaN, 3],
  ])('no inclusion proof of leaf %d in %d leaves', (index, size) => {
    expect(caught(() => inclusionProof(index, size, reader)).code).toBe('INVALID_ARGUMENT');
  });

  test.each([
    [0, 3],
    [4, 3],
    [-1, 3],
    [1.5, 3],
    [1, 2 ** 53],
  ])('no consistency proof from %d to %d leaves', (first, second) => {
    expect(caught(() => consistencyProof(first, second, reader)).code).toBe('INVALID_ARGUMENT');
  });
});

describe('proofs checked', () => {
  test('every inclusion proof of every leaf of every size to 300 is accepted', () => {
    let accepted = 0;
    for (let size = 1; size <= MAX; size++) {
      for (let index = 0; index < size; index++) accepted += Number(verifyInclusion(inclusionClaim(index, size)));
    }
    expect(accepted).toBe((MAX * (MAX + 1)) / 2);
  });

  test('every consistency proof between two sizes to 300 is accepted', () => {
    let accepted = 0;
    for (let second = 1; second <= MAX; second++) {
      for (let first = 1; first <= second; first++)
        accepted += Number(verifyConsistency(consistencyClaim(first, second)));
    }
    expect(accepted).toBe((MAX * (MAX + 1)) / 2);
  });

  test('an inclusion proof holds for no other leaf, index, size or root', () => {
    for (const size of [1, 2, 3, 6, 7, 8, 13]) {
      for (let index = 0; index < size; index++) {
        const claim = inclusionClaim(index, size);
        for (let other = 0; other <= 15; other++) {
          if (other !== index) expect(verifyInclusion({ ...claim, leafIndex: other })).toBe(false);
          if (other !== index) expect(verifyInclusion({ ...claim, leafHash: leafAt(other) })).toBe(false);
          if (other !== size) expect(verifyInclusion({ ...claim, root: rootOf(other) })).toBe(false);
        }
      }
    }
    // A proof does not name the size it was made for: leaf 0 of 3 and of 4 leaves have paths of one length. The root does.
    expect(verifyInclusion({ ...inclusionClaim(0, 5), treeSize: 4 })).toBe(false);
    expect(verifyInclusion({ ...inclusionClaim(0, 4), treeSize: 5 })).toBe(false);
  });

  test('each bit of an inclusion claim counts', () => {
    for (const [index, size] of [
      [0, 7],
      [6, 7],
      [3, 8],
      [4, 5],
      [12, 13],
    ] as const) {
      const claim = inclusionClaim(index, size);
      for (const leafHash of flips(claim.leafHash)) expect(verifyInclusion({ ...claim, leafHash })).toBe(false);
      for (const root of flips(claim.root)) expect(verifyInclusion({ ...claim, root })).toBe(false);
      claim.proof.forEach((hash, place) => {
        for (const flipped of flips(hash)) {
          expect(verifyInclusion({ ...claim, proof: claim.proof.with(place, flipped) })).toBe(false);
        }
      });
    }
  });

  test('each bit of a consistency claim counts', () => {
    for (const [first, second] of [
      [1, 7],
      [3, 7],
      [4, 7],
      [6, 8],
      [6, 13],
      [8, 13],
      [5, 5],
    ] as const) {
      const claim = consistencyClaim(first, second);
      for (const firstRoot of flips(claim.firstRoot)) expect(verifyConsistency({ ...claim, firstRoot })).toBe(false);
      for (const secondRoot of flips(claim.secondRoot)) expect(verifyConsistency({ ...claim, secondRoot })).toBe(false);
      claim.proof.forEach((hash, place) => {
        for (const flipped of flips(hash)) {
          expect(verifyConsistency({ ...claim, proof: claim.proof.with(place, flipped) })).toBe(false);
        }
      });
    }
  });

  test('a proof with a hash added, taken away or swapped is refused', () => {
    const inclusion = inclusionClaim(4, 13);
    const consistency = consistencyClaim(6, 13);
    const damaged = (proof: readonly Uint8Array[]): (readonly Uint8Array[])[] => [
      [],
      proof.slice(1),
      proof.slice(0, -1),
      [...proof, sha256('x')],
      [sha256('x'), ...proof],
      [...proof].reverse(),
      proof.map((hash) => hash.subarray(1)),
    ];
    expect(verifyInclusion(inclusion)).toBe(true);
    expect(verifyConsistency(consistency)).toBe(true);
    for (const proof of damaged(inclusion.proof)) expect(verifyInclusion({ ...inclusion, proof })).toBe(false);
    for (const proof of damaged(consistency.proof)) expect(verifyConsistency({ ...consistency, proof })).toBe(false);
  });

  test('claims with sizes that are none, and with hashes of another length, are refused', () => {
    const inclusion = inclusionClaim(2, 5);
    const consistency = consistencyClaim(2, 5);
    for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
      expect(verifyInclusion({ ...inclusion, leafIndex: bad })).toBe(false);
      expect(verifyInclusion({ ...inclusion, treeSize: bad })).toBe(false);
      expect(verifyConsistency({ ...consistency, firstSize: bad })).toBe(false);
      expect(verifyConsistency({ ...consistency, secondSize: bad })).toBe(false);
    }
    const short = Buffer.alloc(31);
    expect(verifyInclusion({ leafHash: short, leafIndex: 0, treeSize: 1, proof: [], root: short })).toBe(false);
    const equal = { firstSize: 1, secondSize: 1, firstRoot: short, secondRoot: short, proof: [] };
    expect(verifyConsistency(equal)).toBe(false);
  });

  test('hashes beyond the root of the tree are refused, though they lead to a root made up for them', () => {
    const [h0, h1, h2, h3] = [leafAt(0), leafAt(1), leafAt(2), leafAt(3)];
    const above = sha256('above');
    const root = nodeHash(above, h0);
    expect(verifyInclusion({ leafHash: h0, leafIndex: 0, treeSize: 1, proof: [above], root })).toBe(false);
    const left = nodeHash(h0, h1);
    const [firstRoot, secondRoot] = [nodeHash(left, h2), nodeHash(left, nodeHash(h2, h3))];
    const claim = { firstSize: 3, secondSize: 4, firstRoot, secondRoot, proof: [h2, h3, left] };
    expect(verifyConsistency(claim)).toBe(true);
    const higher = { firstRoot: nodeHash(above, firstRoot), secondRoot: nodeHash(above, secondRoot) };
    expect(verifyConsistency({ ...claim, ...higher, proof: [...claim.proof, above] })).toBe(false);
  });

  test('a tree is not a prefix of a smaller one, even under the same root', () => {
    const same = { firstRoot: rootOf(1), secondRoot: rootOf(1), proof: [] };
    expect(verifyConsistency({ ...same, firstSize: 1, secondSize: 1 })).toBe(true);
    expect(verifyConsistency({ ...same, firstSize: 2, secondSize: 1 })).toBe(false);
  });

  test('empty trees agree with each other and prove nothing of any other', () => {
    const empty = { firstSize: 0, firstRoot: EMPTY_ROOT, proof: [] };
    expect(verifyConsistency({ ...empty, secondSize: 0, secondRoot: EMPTY_ROOT })).toBe(true);
    expect(verifyConsistency({ ...empty, firstRoot: rootOf(1), secondSize: 0, secondRoot: rootOf(1) })).toBe(false);
    expect(verifyConsistency({ ...empty, secondSize: 1, secondRoot: rootOf(1) })).toBe(false);
    expect(verifyConsistency({ ...empty, secondSize: 1, secondRoot: rootOf(1), proof: [rootOf(1)] })).toBe(false);
  });

  test('a proof past 2^32 leaves is followed to the root', () => {
    // The last leaf of 2^33 + 1: its only sibling is the complete tree of all before it.
    const [before, leaf] = [sha256('before'), sha256('leaf')];
    const size = 2 ** 33 + 1;
    const root = nodeHash(before, leaf);
    expect(verifyInclusion({ leafHash: leaf, leafIndex: size - 1, treeSize: size, proof: [before], root })).toBe(true);
    expect(verifyInclusion({ leafHash: leaf, leafIndex: 2, treeSize: 3, proof: [before], root })).toBe(true);
    expect(verifyInclusion({ leafHash: leaf, leafIndex: size - 2, treeSize: size, proof: [before], root })).toBe(false);
    const grown = { firstSize: size - 1, secondSize: size, firstRoot: before, secondRoot: root, proof: [leaf] };
    expect(verifyConsistency(grown)).toBe(true);
    expect(verifyConsistency({ ...grown, firstSize: size - 2 })).toBe(false);
  });
});

const vectors = new URL('../../../shared/vectors/public/merkle/testdata/', import.meta.url);

interface Vector {
  readonly desc: string;
  readonly wantErr: boolean;
  readonly root: string;
  readonly leafHash: string;
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly proof: readonly string[] | null;
}

function vectorsIn(kind: string): readonly Vector[] {
  const folder = new URL(`${kind}/`, vectors);
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Vector);
}

/** These vectors use text like "don't care" for roots; a root that is not 32 bytes is no root here. */
function hasRealHashes(...hashes: readonly string[]): boolean {
  return hashes.every((hash) => Buffer.from(hash, 'base64').length === 32);
}

test('the good and bad proofs of the transparency-dev project get its verdicts', () => {
  if (!existsSync(vectors)) {
    console.warn('SKIPPED ALOUD: ../shared/vectors/public/merkle is not at hand');
    return;
  }
  const decode = (text: string): Buffer => Buffer.from(text, 'base64');
  const verdicts = { good: 0, bad: 0 };
  for (const vector of vectorsIn('inclusion')) {
    const { leafHash, leafIdx: leafIndex, treeSize, root } = vector;
    const proof = (vector.proof ?? []).map(decode);
    const claim = { leafHash: decode(leafHash), leafIndex, treeSize, proof, root: decode(root) };
    const expected = !vector.wantErr && hasRealHashes(root, leafHash);
    expect(verifyInclusion(claim), vector.desc).toBe(expected);
    verdicts[expected ? 'good' : 'bad']++;
  }
  for (const vector of vectorsIn('consistency')) {
    const { size1: firstSize, size2: secondSize, root1, root2 } = vector;
    const proof = (vector.proof ?? []).map(decode);
    const claim = { firstSize, secondSize, firstRoot: decode(root1), secondRoot: decode(root2), proof };
    const expected = !vector.wantErr && hasRealHashes(root1, root2);
    expect(verifyConsistency(claim), vector.desc).toBe(expected);
    verdicts[expected ? 'good' : 'bad']++;
  }
  expect(verdicts.good).toBeGreaterThanOrEqual(10);
  expect(verdicts.bad).toBeGreaterThan(100);
});
