/**
 * C2SP tlog proofs (c2sp.org/tlog-proof@v1): the inclusion proof of one leaf together with the signed checkpoint that it
 * leads to, in one text that verifies offline.
 */
import { GaitError } from '../errors.js';
import { verifyCheckpoint } from './checkpoint-note.js';
import type { VerifiedCheckpoint } from './checkpoint-note.js';
import { HASH_BYTES } from './digest.js';
import { MAX_NOTE_BYTES, formatNote, parseNote } from './note.js';
import type { SignedNote } from './note.js';
import { verifyInclusion } from './proofs.js';
import { decodeBase64, decodeDecimal } from './strict-text.js';
import type { NoteKey } from './vkey.js';

const HEADER = 'c2sp.org/tlog-proof@v1';
const EXTRA = 'extra ';
const INDEX = 'index ';

/** Most hashes of an inclusion proof in a tree of 2^53 - 1 leaves. */
const MAX_PROOF_HASHES = 53;
/** Longest proof that is read, in UTF-16 units: the checkpoint's limit, and as much again for extra data. */
const MAX_PROOF_LENGTH = 2 * MAX_NOTE_BYTES;

export interface TlogProof {
  /** Data of the application's own, authenticated by nothing; not empty where present. */
  readonly extra?: Uint8Array;
  /** Place of the leaf in the log, from 0. */
  readonly index: number;
  /** 32 bytes each, the leaf's sibling first. */
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: SignedNote;
}

/**
 * Reads a proof; {@link formatTlogProof} gives the very same text back. Nothing in it is to be believed before
 * {@link verifyTlogProof}.
 *
 * @throws GaitError INVALID_NOTE for anything else, `details.reason` says why.
 */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > MAX_PROOF_LENGTH) throw malformed('too_long');
  const gap = text.indexOf('\n\n');
  if (gap < 0) throw malformed('no_blank_line');
  const lines = text.slice(0, gap).split('\n');
  if (lines.shift() !== HEADER) throw malformed('bad_header');
  const extra = lines[0]?.startsWith(EXTRA) ? decodeBase64(lines.shift()?.slice(EXTRA.length) ?? '') : null;
  if (extra === undefined || extra?.length === 0) throw malformed('bad_extra');
  const indexLine = lines.shift() ?? '';
  const index = indexLine.startsWith(INDEX) ? decodeDecimal(indexLine.slice(INDEX.length)) : undefined;
  if (index === undefined) throw malformed('bad_index');
  if (lines.length > MAX_PROOF_HASHES) throw malformed('too_many_hashes');
  const hashes = lines.map(decodeHash);
  const checkpoint = parseNote(text.slice(gap + 2));
  return extra === null ? { index, hashes, checkpoint } : { extra, index, hashes, checkpoint };
}

/**
 * The text of a proof.
 *
 * @throws GaitError INVALID_NOTE for a proof that would not read back.
 */
export function formatTlogProof({ extra, index, hashes, checkpoint }: TlogProof): string {
  const lines = [
    HEADER,
    ...(extra === undefined ? [] : [`${EXTRA}${Buffer.from(extra).toString('base64')}`]),
    `${INDEX}${index}`,
    ...hashes.map((hash) => Buffer.from(hash).toString('base64')),
  ];
  const text = `${lines.join('\n')}\n\n${formatNote(checkpoint)}`;
  parseTlogProof(text);
  return text;
}

/**
 * Checks that the leaf with this hash (32 bytes) stands at `proof.index` in the log that a known key has signed for, and
 * returns the checkpoint. The caller compares its `origin` with the log it means.
 *
 * @throws GaitError SIGNATURE_INVALID (see verifyNote), INVALID_NOTE when the note is no checkpoint, PROOF_INVALID when
 * the hashes do not lead from the leaf to the signed root.
 */
export function verifyTlogProof(proof: TlogProof, leafHash: Uint8Array, keys: readonly NoteKey[]): VerifiedCheckpoint {
  const checkpoint = verifyCheckpoint(formatNote(proof.checkpoint), keys);
  const { size: treeSize, root } = checkpoint;
  if (!verifyInclusion({ leafHash, leafIndex: proof.index, treeSize, proof: proof.hashes, root })) {
    throw new GaitError('PROOF_INVALID', 'the proof does not lead from the leaf to the signed root', {
      details: { leaf_index: proof.index, tree_size: treeSize, root_hash: root.toString('hex') },
    });
  }
  return checkpoint;
}

function decodeHash(line: string): Buffer {
  const hash = decodeBase64(line);
  if (hash?.length !== HASH_BYTES) throw malformed('bad_hash');
  return hash;
}

function malformed(reason: string): GaitError {
  return new GaitError('INVALID_NOTE', 'not a proof of the form c2sp.org/tlog-proof@v1', { details: { reason } });
}
