/**
 * Names of keys in C2SP signed notes (c2sp.org/signed-note), and vkeys, the text in which a note key is handed over:
 * `<name>+<hex key ID>+<base64 of algorithm byte and public key>`.
 */
import { GaitError } from '../errors.js';
import { sha256 } from './digest.js';
import { KEY_BYTES } from './ed25519-rules.js';
import { requireStrictKey } from './keys.js';
import { decodeBase64, decodeHex } from './strict-text.js';

/** Signature type of Ed25519 in C2SP signed notes. */
const ED25519_TYPE = 0x01;

/** Size of a note key ID, in bytes. */
export const NOTE_KEY_ID_BYTES = 4;

/** Unicode spaces, plus and control characters: what a key name must not hold. */
const FORBIDDEN_IN_NAME = /[\p{White_Space}+\u0000-\u001f]/u;

/** An Ed25519 key that notes are signed with: the name and the public key together. */
export interface NoteKey {
  readonly name: string;
  /** First 4 bytes of SHA-256(name ‖ LF ‖ 0x01 ‖ public key). */
  readonly id: Buffer;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

/** True for a name that a note's signature line can hold. */
export function isNoteKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !FORBIDDEN_IN_NAME.test(name);
}

/**
 * The note key of a name and an Ed25519 public key.
 *
 * @throws GaitError INVALID_KEY for a name with spaces, plus or control characters, or an unsafe public key.
 */
export function noteKey(name: string, publicKey: Uint8Array): NoteKey {
  if (!isNoteKeyName(name)) {
    throw new GaitError('INVALID_KEY', 'the name of a note key has no spaces, plus or control characters', {
      details: { kind: 'note', reason: 'bad_name', name: name.toWellFormed() },
    });
  }
  requireStrictKey(publicKey);
  const typed = typedKey(publicKey);
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), typed])).subarray(0, NOTE_KEY_ID_BYTES);
  return { name, id, publicKey: Buffer.from(publicKey) };
}

/** The vkey of a note key, without a line end. */
export function formatVkey({ name, id, publicKey }: NoteKey): string {
  return `${name}+${id.toString('hex')}+${typedKey(publicKey).toString('base64')}`;
}

/**
 * The key that a vkey (without a line end) names.
 *
 * @throws GaitError INVALID_KEY when it is not of that form, not an Ed25519 key, or the key ID is not that of the key.
 */
export function parseVkey(text: string): NoteKey {
  // No limit to the pieces: base64 may hold a plus, so the third piece is all the rest.
  const [name = '', hex = '', ...rest] = text.split('+');
  const id = decodeHex(hex);
  const typed = decodeBase64(rest.join('+'));
  if (id?.length !== NOTE_KEY_ID_BYTES || typed?.length !== 1 + KEY_BYTES) throw refusal('malformed');
  if (typed[0] !== ED25519_TYPE) throw refusal('unknown_algorithm');
  const key = noteKey(name, typed.subarray(1));
  if (!key.id.equals(id)) throw refusal('wrong_id');
  return key;
}

function typedKey(publicKey: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(ED25519_TYPE), publicKey]);
}

function refusal(reason: 'malformed' | 'unknown_algorithm' | 'wrong_id'): GaitError {
  return new GaitError('INVALID_KEY', 'not a vkey: <name>+<key ID>+<base64 of an Ed25519 key>', {
    details: { kind: 'vkey', reason },
  });
}
