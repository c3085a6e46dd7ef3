/**
 * C2SP tlog checkpoints (c2sp.org/tlog-checkpoint): the note whose text is a log's origin, its leaf count and the
 * base64 of its Merkle root, a line each, and then extension lines, which gait reads but never writes.
 */
import { GaitError } from '../errors.js';
import { HASH_BYTES } from './digest.js';
import type { KeyPair } from './keys.js';
import { parseNote, signNote, verifyNote } from './note.js';
import { decodeBase64, decodeDecimal } from './strict-text.js';
import type { NoteKey } from './vkey.js';

/** A tree head: what a checkpoint says of a log. */
export interface TreeHead {
  /** Unique name of the log; not empty, without line ends. */
  readonly origin: string;
  /** Leaf count, 0 to 2^53 - 1. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
  /** Further lines, none empty. */
  readonly extensions: readonly string[];
}

/** A checkpoint whose signatures have been checked, and the known keys among its signers. */
export interface VerifiedCheckpoint extends TreeHead {
  readonly signedBy: readonly NoteKey[];
}

/** What C2SP refuses in an origin that is also a key name, and the percent sign, so that no two ids share an origin. */
const ESCAPED_IN_ORIGIN = /[\p{White_Space}+%\u0000-\u001f\u007f]/gu;

/**
 * Default origin of a session's log: `gait/<session id>`, with what a key name cannot hold percent-encoded.
 *
 * @throws GaitError INVALID_ARGUMENT for an id that is empty or has a lone surrogate.
 */
export function sessionOrigin(sessionId: string): string {
  if (sessionId === '' || !sessionId.isWellFormed()) {
    throw new GaitError('INVALID_ARGUMENT', 'a session id is not empty and has whole characters', {
      details: { session_id: sessionId.toWellFormed() },
    });
  }
  return `gait/${sessionId.replace(ESCAPED_IN_ORIGIN, percentEncoded)}`;
}

/**
 * The text of a checkpoint, final LF included.
 *
 * @throws GaitError INVALID_NOTE for a head that cannot be written so that it reads back the same.
 */
export function formatCheckpointText({ origin, size, root, extensions }: TreeHead): string {
  if ([origin, ...extensions].some((line) => line.includes('\n'))) throw malformed('line_break');
  const text = [origin, size, root.toString('base64'), ...extensions].map((line) => `${line}\n`).join('');
  parseCheckpointText(text);
  return text;
}

/**
 * The tree head in the text of a checkpoint; {@link formatCheckpointText} gives the very same text back.
 *
 * @throws GaitError INVALID_NOTE for anything else, `details.reason` says why.
 */
export function parseCheckpointText(text: string): TreeHead {
  if (!text.endsWith('\n')) throw malformed('no_final_newline');
  const lines = text.slice(0, -1).split('\n');
  if (lines.includes('')) throw malformed('empty_line');
  const [origin, size, root, ...extensions] = lines;
  if (origin === undefined || size === undefined || root === undefined) throw malformed('missing_line');
  const count = decodeDecimal(size);
  if (count === undefined) throw malformed('bad_size');
  const hash = decodeBase64(root);
  if (hash?.length !== HASH_BYTES) throw malformed('bad_root');
  return { origin, size: count, root: hash, extensions };
}

/**
 * The checkpoint note of a log's tree head, signed under its origin as key name.
 *
 * @throws GaitError INVALID_NOTE, INVALID_KEY for an origin or head that C2SP would refuse.
 */
export function signCheckpoint(head: Omit<TreeHead, 'extensions'>, key: KeyPair): string {
  const { origin, size, root } = head;
  return signNote(formatCheckpointText({ origin, size, root, extensions: [] }), [{ name: origin, key }]);
}

/**
 * Reads a checkpoint note and checks the signatures of known keys; see verifyNote. The caller compares `origin` with
 * the log it means: a key may sign for more than one.
 *
 * @throws GaitError INVALID_NOTE when malformed, SIGNATURE_INVALID when a known key's signature fails or there is none.
 */
export function verifyCheckpoint(note: string | Uint8Array, keys: readonly NoteKey[]): VerifiedCheckpoint {
  const parsed = parseNote(note);
  const signedBy = verifyNote(parsed, keys);
  return { ...parseCheckpointText(parsed.text), signedBy };
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function malformed(reason: string): GaitError {
  return new GaitError('INVALID_NOTE', 'not the text of a checkpoint: origin, size and root, a line each', {
    details: { reason },
  });
}
