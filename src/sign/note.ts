/**
 * C2SP signed notes (c2sp.org/signed-note): a text, a blank line, and one signature line for each key:
 * em dash, space, key name, space, base64(4-byte key ID ‖ signature), LF.
 * What is signed is the text with its final LF, without the blank line.
 */
import { GaitError } from '../errors.js';
import { ed25519 } from './ed25519.js';
import type { KeyPair } from './keys.js';
import { decodeBase64 } from './strict-text.js';
import { NOTE_KEY_ID_BYTES, isNoteKeyName, noteKey } from './vkey.js';
import type { NoteKey } from './vkey.js';

/** Longest note that is read, in bytes. The spec asks for 16 signatures, of up to 5 kB each, at the least. */
export const MAX_NOTE_BYTES = 1_000_000;
/** Most signatures that are read. */
export const MAX_NOTE_SIGNATURES = 100;

const LINE_START = '\u2014 ';

/** Control characters other than LF; a note must not hold them. */
const FORBIDDEN_IN_NOTE = /[\u0000-\u0009\u000b-\u001f]/;

export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Buffer;
  /** As many bytes as the key's algorithm has, at least one. */
  readonly signature: Buffer;
}

/** A note as read; nothing in it is to be believed before {@link verifyNote}. */
export interface SignedNote {
  /** Ends in LF. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Who signs a note: {@link KeyPair} under a name. */
export interface NoteSigner {
  readonly name: string;
  readonly key: KeyPair;
}

/**
 * Reads a note; {@link formatNote} gives the very same bytes back.
 *
 * @throws GaitError INVALID_NOTE for anything that is not a note, longer than {@link MAX_NOTE_BYTES}, or with more than
 * {@link MAX_NOTE_SIGNATURES} signatures; `details.reason` says which rule, `details.line` (1-based) where.
 */
export function parseNote(note: string | Uint8Array): SignedNote {
  const whole = requireNoteText(note);
  const gap = whole.lastIndexOf('\n\n');
  if (gap < 0) throw malformed('no_blank_line');
  const text = whole.slice(0, gap + 1);
  const rest = whole.slice(gap + 2);
  if (!rest.endsWith('\n')) throw malformed('no_signature');
  const lines = rest.slice(0, -1).split('\n');
  if (lines.length > MAX_NOTE_SIGNATURES) throw malformed('too_many_signatures');
  const firstLine = text.split('\n').length + 1;
  return { text, signatures: lines.map((line, i) => parseSignature(line, firstLine + i)) };
}

/** The text of a note. */
export function formatNote({ text, signatures }: SignedNote): string {
  const lines = signatures.map(
    ({ name, keyId, signature }) => `${LINE_START}${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`,
  );
  return `${text}\n${lines.join('')}`;
}

/**
 * The note of a text, signed by one or more keys.
 *
 * @throws GaitError INVALID_NOTE for a text that does not end in LF, or holds control characters or lone surrogates,
 * when nobody signs, or when the note would pass the limits of {@link parseNote}; INVALID_KEY for a signer whose name a note cannot hold.
 */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  requireNoteText(text);
  if (!text.endsWith('\n')) throw malformed('no_final_newline');
  if (signers.length === 0) throw malformed('no_signature');
  const message = Buffer.from(text);
  const signatures = signers.map(({ name, key }) => ({
    name,
    keyId: noteKey(name, key.publicKey).id,
    signature: ed25519().sign(message, key.seed),
  }));
  const note = formatNote({ text, signatures });
  // The limits hold for what is written too: a note that nobody could read back is no evidence.
  parseNote(note);
  return note;
}

/**
 * Checks every signature that claims to be by one of `keys` and returns the keys that signed, each once, in the order
 * of `keys`. Signatures by others are ignored.
 *
 * @throws GaitError SIGNATURE_INVALID when a signature by a known key fails (`details.reason` `wrong_signature`), or
 * none is by a known key (`no_known_key`).
 */
export function verifyNote({ text, signatures }: SignedNote, keys: readonly NoteKey[]): readonly NoteKey[] {
  const message = Buffer.from(text);
  const signed = new Set<NoteKey>();
  for (const { name, keyId, signature } of signatures) {
    for (const key of keys.filter((known) => known.name === name && known.id.equals(keyId))) {
      if (!ed25519().verify(signature, message, key.publicKey)) {
        throw new GaitError('SIGNATURE_INVALID', `the signature by ${name} does not fit the note`, {
          details: { reason: 'wrong_signature', name, key_id: keyId.toString('hex') },
        });
      }
      signed.add(key);
    }
  }
  if (signed.size === 0) {
    throw new GaitError('SIGNATURE_INVALID', 'no signature on the note is by a known key', {
      details: { reason: 'no_known_key', found: signatures.map(({ name }) => name) },
    });
  }
  return keys.filter((key) => signed.has(key));
}

function parseSignature(line: string, lineNumber: number): NoteSignature {
  const [name = '', base64 = '', ...more] = line.slice(LINE_START.length).split(' ');
  if (!line.startsWith(LINE_START) || more.length > 0 || !isNoteKeyName(name)) {
    throw malformed('bad_signature_line', lineNumber);
  }
  const bytes = decodeBase64(base64);
  if (bytes === undefined || bytes.length <= NOTE_KEY_ID_BYTES) throw malformed('bad_signature_line', lineNumber);
  return { name, keyId: bytes.subarray(0, NOTE_KEY_ID_BYTES), signature: bytes.subarray(NOTE_KEY_ID_BYTES) };
}

/** The characters of a note, or of its text, within what a note may hold. */
function requireNoteText(note: string | Uint8Array): string {
  // A string never has fewer UTF-8 bytes than UTF-16 units.
  if (note.length > MAX_NOTE_BYTES) throw malformed('too_long');
  const text = typeof note === 'string' ? note : Buffer.from(note).toString('utf8');
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_NOTE_BYTES) throw malformed('too_long');
  // What is not UTF-8 does not come back the same.
  const isUtf8 = typeof note === 'string' ? text.isWellFormed() : bytes.equals(note);
  if (!isUtf8) throw malformed('not_utf8');
  if (FORBIDDEN_IN_NOTE.test(text)) throw malformed('control_character');
  return text;
}

function malformed(reason: string, line?: number): GaitError {
  return new GaitError('INVALID_NOTE', 'not a signed note of the C2SP form', {
    details: line === undefined ? { reason } : { reason, line },
  });
}
