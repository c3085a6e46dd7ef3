/**
 * What gait signs, accepted by readers that share no code with it: notes by test/sign/note-oracle.ts, proofs by the
 * algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2, written here on node:crypto alone.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  formatVkey,
  noteKey,
  proveConsistency,
  proveInclusion,
  sessionOrigin,
  startSession,
  verifyJournal,
} from '../../src/index.js';
import { naiveRoot } from '../sign/naive-tree.js';
import { oracleKeyId, oracleSign, oracleVerify } from '../sign/note-oracle.js';
import { linesOf, newFolder, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { KEY, OTHER_KEY, sealedSession, STRICT, type SealedSession } from '../support/sealed-session.js';
import { leafHash } from './oracle.js';

const EVENTS = 30;
const ORIGIN = 'gait/s1';

let session: SealedSession;
let lines: readonly string[];

beforeAll(async () => {
  session = await sealedSession(EVENTS);
  lines = linesOf(session.journal);
});

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const node = (left: Buffer, right: Buffer): Buffer => sha256(Uint8Array.of(1), left, right);

/** RFC 9162 section 2.1.3.2; undefined when the proof has the wrong length. */
function rootOfInclusion(leaf: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer | undefined {
  let [fn, sn] = [index, size - 1];
  let root = leaf;
  for (const sibling of path) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      root = node(sibling, root);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else root = node(root, sibling);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? root : undefined;
}

/** RFC 9162 section 2.1.4.2; undefined when the proof has the wrong length. */
function rootsOfConsistency(
  first: number,
  second: number,
  firstRoot: Buffer,
  proof: readonly Buffer[],
): [Buffer, Buffer] | undefined {
  const isPower = (first & (first - 1)) === 0;
  const [start, ...rest] = isPower ? [firstRoot, ...proof] : proof;
  if (start === undefined) return undefined;
  let [fn, sn] = [first - 1, second - 1];
  while (fn % 2 === 1) [fn, sn] = [fn >> 1, sn >> 1];
  let [fr, sr] = [start, start];
  for (const hash of rest) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [node(hash, fr), node(hash, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else sr = node(sr, hash);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? [fr, sr] : undefined;
}

interface NoteText {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

function textOfNote(note: string): NoteText {
  const [origin = '', size = '', root = '', gap] = note.split('\n');
  expect(gap).toBe('');
  return { origin, size: Number(size), root: Buffer.from(root, 'base64') };
}

describe('the note of a checkpoint', () => {
  it('is accepted by an independent reader, byte for byte: it would have written the same', () => {
    expect(session.notes).toHaveLength(3);
    for (const note of session.notes) {
      expect(oracleVerify(note, ORIGIN, KEY.publicKey)).toBe(true);
      expect(oracleVerify(note, ORIGIN, OTHER_KEY.publicKey)).toBe(false);
      // Ed25519 signatures are determined by key and text.
      expect(oracleSign(note.slice(0, note.indexOf('\n\n') + 1), ORIGIN, KEY.seed)).toBe(note);
    }
  });

  it('stands in the journal and in its own file as it was returned', () => {
    const stored = lines.flatMap((line) => (JSON.parse(line) as { note?: string }).note ?? []);
    expect(stored).toEqual(session.notes);
    expect(readFileSync(session.noteFile, 'utf8')).toBe(session.notes.at(-1));
  });

  it('says origin, leaf count and root of the lines before it, worked out anew', () => {
    const leaves = lines.map((line) => leafHash(line));
    for (const note of session.notes) {
      const { origin, size, root } = textOfNote(note);
      expect(origin).toBe(ORIGIN);
      expect((JSON.parse(lines[size] ?? '') as { note?: string }).note).toBe(note);
      expect(root.equals(naiveRoot(leaves.slice(0, size)))).toBe(true);
    }
  });

  it('verifies with what the printed vkey says, and with nothing else', () => {
    const vkey = formatVkey(noteKey(sessionOrigin('s1'), KEY.publicKey));
    const [name = '', id = '', base64 = ''] = vkey.split(/\+(.*?)\+(.*)/s);
    const key = Buffer.from(base64, 'base64');
    expect(key[0]).toBe(1);
    expect(oracleKeyId(name, key.subarray(1)).toString('hex')).toBe(id);
    for (const note of session.notes) expect(oracleVerify(note, name, key.subarray(1))).toBe(true);
  });
});

describe('an inclusion proof', () => {
  it('of every event is accepted by an independent reader of its text', async () => {
    for (let sequence = 1; sequence <= EVENTS; sequence += 1) {
      const { text } = await proveInclusion(session.journal, sequence);
      const gap = text.indexOf('\n\n');
      const [magic, extra = '', index = '', ...hashes] = text.slice(0, gap).split('\n');
      const note = text.slice(gap + 2);
      expect([magic, extra.slice(0, 6), index.slice(0, 6)]).toEqual(['c2sp.org/tlog-proof@v1', 'extra ', 'index ']);
      const line = Buffer.from(extra.slice(6), 'base64');
      expect((JSON.parse(line.toString()) as { event: { sequence: number } }).event.sequence).toBe(sequence);
      const { size, root } = textOfNote(note);
      const path = hashes.map((hash) => Buffer.from(hash, 'base64'));
      expect(rootOfInclusion(leafHash(line), Number(index.slice(6)), size, path)?.equals(root)).toBe(true);
      expect(oracleVerify(note, ORIGIN, KEY.publicKey)).toBe(true);
      expect(lines[Number(index.slice(6))]).toBe(line.toString());
    }
  });
});

describe('a consistency proof', () => {
  it('from every size is accepted by an independent reader of its text', async () => {
    const leaves = lines.map((line) => leafHash(line));
    const last = textOfNote(session.notes.at(-1) ?? '').size;
    for (let from = 1; from <= last; from += 1) {
      const { text } = await proveConsistency(session.journal, from);
      const proof = JSON.parse(text) as {
        first_size: number;
        first_root: string;
        hashes: string[];
        checkpoint: string;
      };
      const firstRoot = Buffer.from(proof.first_root, 'base64');
      expect(proof.first_size).toBe(from);
      expect(firstRoot.equals(naiveRoot(leaves.slice(0, from)))).toBe(true);
      const { size, root } = textOfNote(proof.checkpoint);
      expect(oracleVerify(proof.checkpoint, ORIGIN, KEY.publicKey)).toBe(true);
      const hashes = proof.hashes.map((hash) => Buffer.from(hash, 'base64'));
      const roots =
        from === size && hashes.length === 0 ? [root, root] : rootsOfConsistency(from, size, firstRoot, hashes);
      expect(roots?.map((each) => each.toString('hex'))).toEqual([firstRoot, root].map((each) => each.toString('hex')));
    }
  });
});

describe('a session whose id C2SP would refuse in a name', () => {
  it('has an origin that says it in percent escapes, and its notes are accepted under that', async () => {
    const path = join(newFolder(), 's.jsonl');
    await startSession(path, { session_id: 'a b+50%\u00a0\u00e9', run_id: 'r' }, QUICK);
    const { note = '' } = await withJournal(path, async (journal) => {
      await journal.append(toolCall(1));
      return journal.checkpoint({ key: KEY });
    });
    expect(oracleVerify(note, 'gait/a%20b%2B50%25%C2%A0\u00e9', KEY.publicKey)).toBe(true);
    expect(await verifyJournal(path, STRICT)).toMatchObject({ ok: true });
  });
});
