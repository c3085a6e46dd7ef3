import { expect, test } from 'vitest';
import { Frontier, nodeHash, sha256 } from '../../src/sign/index.js';
import { caught } from './caught.js';
import { naiveLeaves, naiveRoot } from './naive-tree.js';

const leaves = naiveLeaves(301);

function grown(size: number): Frontier {
  const frontier = new Frontier();
  for (const leaf of leaves.slice(0, size)) frontier.append(leaf);
  return frontier;
}

test('the root is that of RFC 6962 at every size from 0 to 300, also after restore and on a clone', () => {
  const frontier = new Frontier();
  let restored = new Frontier();
  for (let size = 0; size <= 300; size++) {
    const expected = naiveRoot(leaves.slice(0, size));
    expect(frontier.size).toBe(size);
    expect(frontier.root(), `size ${size}`).toEqual(expected);
    expect(restored.root(), `restored, size ${size}`).toEqual(expected);
    expect(frontier.clone().root()).toEqual(expected);
    const next = leaves[size] ?? Buffer.alloc(0);
    frontier.append(next);
    restored.append(next);
    restored = Frontier.restore(restored.size, restored.hashes());
  }
});

test('hashes are the roots of the complete subtrees, largest first', () => {
  expect(grown(7).hashes()).toEqual([naiveRoot(leaves.slice(0, 4)), naiveRoot(leaves.slice(4, 6)), leaves[6]]);
  expect(grown(0).hashes()).toEqual([]);
});

test('a tree that has joined before it needs more room joins right after it', () => {
  const size = 2 ** 16 - 3;
  const hashes = leaves.slice(0, 15);
  const frontier = Frontier.restore(size, hashes);
  const [a, b, c] = leaves.slice(20, 23) as [Buffer, Buffer, Buffer];
  frontier.append(a);
  frontier.append(b);
  frontier.append(c);
  const joined = nodeHash(hashes.at(-1) as Buffer, a);
  const last = nodeHash(b, c);
  expect(frontier.hashes()).toEqual([
    [...hashes.slice(0, -1), joined, last].reduceRight((right, left) => nodeHash(left, right)),
  ]);
});

test('a leaf in hexadecimal is the same leaf, and what is none is refused before anything has changed', () => {
  const frontier = grown(0);
  for (const [size, leaf] of leaves.entries()) {
    for (const bad of ['', leaf.toString('hex').slice(1), `${leaf.toString('hex')}0`, 'g'.repeat(64)]) {
      expect(caught(() => frontier.appendHex(bad)).code).toBe('INVALID_ARGUMENT');
    }
    frontier.appendHex(leaf.toString('hex'));
    expect(frontier.size).toBe(size + 1);
  }
  expect(frontier.root()).toEqual(naiveRoot(leaves));
});

test('a tree grows past every number of hashes that there was room for', () => {
  const ones = Array.from({ length: 40 }, (_, i) => sha256(String(i)));
  const frontier = Frontier.restore(2 ** 40 - 1, ones);
  expect(frontier.hashes()).toEqual(ones);
  const root = frontier.root();
  const next = Frontier.restore(2 ** 40 - 1, ones);
  next.append(sha256('x'));
  expect(next.root()).toEqual(ones.reduceRight((right, left) => nodeHash(left, right), sha256('x')));
  expect(frontier.root()).toEqual(root);
});

test('a clone, a restored frontier, returned hashes and given leaves share nothing', () => {
  const frontier = grown(6);
  const root = frontier.root();
  const clone = frontier.clone();
  clone.append(sha256('x'));
  const leaf = Buffer.from(sha256('y'));
  const other = Frontier.restore(6, frontier.hashes());
  other.append(leaf);
  const otherRoot = other.root();
  leaf.fill(0);
  frontier.hashes().forEach((hash) => hash.fill(0));
  new Frontier().root().fill(0);
  grown(1).root().fill(0);
  expect(frontier.root()).toEqual(root);
  expect(frontier.size).toBe(6);
  expect(other.root()).toEqual(otherRoot);
  expect(new Frontier().root()).toEqual(naiveRoot([]));
  expect(leaves[0]).toEqual(naiveLeaves(1)[0]);
});

test('sizes past 32 bits are counted right, to the last one', () => {
  const size = 2 ** 33 + 3;
  const hashes = ['a', 'b', 'c'].map((text) => sha256(text));
  const frontier = Frontier.restore(size, hashes);
  frontier.append(sha256('d'));
  expect(frontier.size).toBe(2 ** 33 + 4);
  expect(frontier.hashes()).toHaveLength(2);
  expect(frontier.hashes()[0]).toEqual(hashes[0]);

  const allOnes = Frontier.restore(
    2 ** 33 - 1,
    Array.from({ length: 33 }, (_, i) => sha256(String(i))),
  );
  allOnes.append(sha256('d'));
  expect(allOnes.hashes()).toHaveLength(1);

  const full = Frontier.restore(
    Number.MAX_SAFE_INTEGER,
    Array.from({ length: 53 }, (_, i) => sha256(String(i))),
  );
  const root = full.root();
  expect(caught(() => full.append(sha256('e'))).code).toBe('INVALID_ARGUMENT');
  expect(full.root()).toEqual(root);
});

test.each([
  ['too few hashes', 3, [sha256('a')]],
  ['too many hashes', 4, [sha256('a'), sha256('b')]],
  ['a hash for an empty tree', 0, [sha256('a')]],
  ['a short hash', 1, [Buffer.alloc(31)]],
  ['a long hash', 2, [Buffer.alloc(33)]],
  ['a negative size', -1, []],
  ['a fraction', 1.5, [sha256('a')]],
  ['NaN', Number.NaN, []],
  ['a size past 2^53 - 1', 2 ** 53, [sha256('a')]],
])('restore refuses %s', (_, size, hashes) => {
  expect(caught(() => Frontier.restore(size, hashes)).code).toBe('INVALID_ARGUMENT');
});

test('append refuses what is not 32 bytes, and stays as it was', () => {
  const frontier = grown(3);
  const root = frontier.root();
  expect(caught(() => frontier.append(Buffer.alloc(31))).code).toBe('INVALID_ARGUMENT');
  expect(frontier.size).toBe(3);
  expect(frontier.root()).toEqual(root);
});
