import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_NOTE_BYTES,
  formatTlogProof,
  inclusionProof,
  keyPairFromSeed,
  noteKey,
  parseNote,
  parseTlogProof,
  rangeRoot,
  sha256,
  signCheckpoint,
  verifyTlogProof,
} from '../../src/sign/index.js';
import type { TlogProof } from '../../src/sign/index.js';
import { caught } from './caught.js';
import { naiveLeaves } from './naive-tree.js';

const pair = keyPairFromSeed(sha256('tlog'));
const origin = 'gait/s1';
const key = noteKey(origin, pair.publicKey);
const leaves = naiveLeaves(13);
const root = rangeRoot(leaves);
const note = signCheckpoint({ origin, size: leaves.length, root }, pair);
const checkpoint = parseNote(note);
const leafAt = (index: number): Buffer => leaves[index] ?? Buffer.alloc(0);

function proofOf(index: number): TlogProof {
  const reader = { rangeHash: (start: number, end: number) => rangeRoot(leaves.slice(start, end)) };
  return { index, hashes: inclusionProof(index, leaves.length, reader), checkpoint };
}

const text = formatTlogProof(proofOf(12));
const reasonOf = (call: () => unknown): unknown => {
  const error = caught(call);
  expect(error.code).toBe('INVALID_NOTE');
  return error.details['reason'];
};

describe('the text', () => {
  test('has the lines of the format in their order', () => {
    const hashes = proofOf(12).hashes.map((hash) => Buffer.from(hash).toString('base64'));
    expect(text).toBe(['c2sp.org/tlog-proof@v1', 'index 12', ...hashes, '', note].join('\n'));
    const extra = Buffer.from('opaque');
    const withExtra = text.replace('@v1\n', '@v1\nextra b3BhcXVl\n');
    expect(formatTlogProof({ ...proofOf(12), extra })).toBe(withExtra);
    expect(parseTlogProof(withExtra)).toEqual({ ...proofOf(12), extra });
  });

  test('comes back the same for every leaf', () => {
    for (const index of leaves.keys()) {
      const written = formatTlogProof(proofOf(index));
      expect(parseTlogProof(written)).toEqual(proofOf(index));
      expect(formatTlogProof(parseTlogProof(written))).toBe(written);
    }
  });

  test('of a tree with one leaf has no hashes', () => {
    const single = signCheckpoint({ origin, size: 1, root: leafAt(0) }, pair);
    const written = `c2sp.org/tlog-proof@v1\nindex 0\n\n${single}`;
    expect(formatTlogProof(parseTlogProof(written))).toBe(written);
    expect(verifyTlogProof(parseTlogProof(written), leafAt(0), [key]).size).toBe(1);
  });

  test.each([
    ['nothing', '', 'no_blank_line'],
    ['another version', text.replace('@v1', '@v2'), 'bad_header'],
    ['a blank at the start', ` ${text}`, 'bad_header'],
    ['CRLF', text.replaceAll('\n', '\r\n'), 'no_blank_line'],
    ['no index', text.replace('index 12\n', ''), 'bad_index'],
    ['a leading zero', text.replace('index 12', 'index 012'), 'bad_index'],
    ['an index past 2^53 - 1', text.replace('index 12', 'index 9007199254740992'), 'bad_index'],
    ['a blank after the index', text.replace('index 12', 'index 12 '), 'bad_index'],
    ['extra data after the index', text.replace('index 12\n', 'index 12\nextra AAAA\n'), 'bad_hash'],
    ['empty extra data', text.replace('@v1\n', '@v1\nextra \n'), 'bad_extra'],
    ['extra data that is not base64', text.replace('@v1\n', '@v1\nextra a\n'), 'bad_extra'],
    ['extra data twice', text.replace('@v1\n', '@v1\nextra AAAA\nextra AAAA\n'), 'bad_index'],
    ['a short hash', text.replace('index 12\n', 'index 12\nAAAA\n'), 'bad_hash'],
    [
      'too many hashes',
      text.replace('index 12\n', `index 12\n${`${root.toString('base64')}\n`.repeat(54)}`),
      'too_many_hashes',
    ],
    ['no checkpoint', text.slice(0, text.indexOf('\n\n') + 2), 'no_blank_line'],
    ['a damaged checkpoint', text.slice(0, -1), 'no_signature'],
    ['too much of everything', text.replace('@v1\n', `@v1\nextra ${'A'.repeat(2 * MAX_NOTE_BYTES)}\n`), 'too_long'],
  ])('with %s is refused', (_, bad, reason) => {
    expect(reasonOf(() => parseTlogProof(bad))).toBe(reason);
  });

  test('of a proof that would not read back is not written', () => {
    expect(reasonOf(() => formatTlogProof({ ...proofOf(1), index: -1 }))).toBe('bad_index');
    expect(reasonOf(() => formatTlogProof({ ...proofOf(1), extra: Buffer.alloc(0) }))).toBe('bad_extra');
    expect(reasonOf(() => formatTlogProof({ ...proofOf(1), hashes: [Buffer.alloc(31)] }))).toBe('bad_hash');
  });

  test('with any one character changed is refused or does not verify', () => {
    const edit = fc.tuple(
      fc.nat({ max: text.length - 1 }),
      fc.constantFrom('', 'A', '\n', ' ', '1', '=', '\u2014', 'x'),
    );
    fc.assert(
      fc.property(edit, ([at, character]) => {
        const other = text.slice(0, at) + character + text.slice(at + 1);
        fc.pre(other !== text);
        expect(caught(() => verifyTlogProof(parseTlogProof(other), leafAt(12), [key])).category).toMatch(
          /^(?:invalid_input|verification_failed)$/,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('checking', () => {
  test('every leaf is proven in the log that the key has signed for', () => {
    for (const index of leaves.keys()) {
      const head = verifyTlogProof(parseTlogProof(formatTlogProof(proofOf(index))), leafAt(index), [key]);
      expect(head).toMatchObject({ origin, size: 13, root, signedBy: [key] });
    }
  });

  test('another leaf, another index or another hash is PROOF_INVALID', () => {
    const proof = proofOf(5);
    const swapped = { ...proof, hashes: [...proof.hashes].reverse() };
    const calls = [
      () => verifyTlogProof(proof, leafAt(6), [key]),
      () => verifyTlogProof({ ...proof, index: 4 }, leafAt(5), [key]),
      () => verifyTlogProof({ ...proof, index: 99 }, leafAt(5), [key]),
      () => verifyTlogProof(swapped, leafAt(5), [key]),
    ];
    for (const call of calls) {
      expect(caught(call).code).toBe('PROOF_INVALID');
      expect(caught(call).category).toBe('verification_failed');
    }
  });

  test('a proof under an unknown or failing key is SIGNATURE_INVALID, whatever the hashes say', () => {
    const stranger = noteKey(origin, keyPairFromSeed(sha256('stranger')).publicKey);
    expect(caught(() => verifyTlogProof(proofOf(5), leafAt(5), [stranger])).code).toBe('SIGNATURE_INVALID');
    const forged = { ...checkpoint, text: checkpoint.text.replace('\n13\n', '\n14\n') };
    expect(caught(() => verifyTlogProof({ ...proofOf(5), checkpoint: forged }, leafAt(5), [key])).code).toBe(
      'SIGNATURE_INVALID',
    );
  });
});
