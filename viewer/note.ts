/** C2SP signed notes over C2SP tlog checkpoints, and the keys that check them. */
import { hashes as ed25519Hashes, verify } from '@noble/ed25519';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

// The library's synchronous functions have no SHA-512 of their own, and the browser's is only given to some pages.
ed25519Hashes.sha512 = sha512;

const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const ED25519_TYPE = Uint8Array.of(1);

export interface TrustedKey {
  readonly publicKey: Uint8Array;
  /** Hex SHA-256 of the key. */
  readonly keyId: string;
}

export interface Note {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** What was signed. */
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly keyHash: string; readonly signature: Uint8Array }[];
}

/** Throws an Error that says what is wrong. */
export function parseNote(note: string): Note {
  const gap = note.indexOf('\n\n');
  if (gap < 0) throw new Error('the note has no signatures');
  const text = note.slice(0, gap + 1);
  const [origin = '', size = '', root = ''] = text.split('\n');
  if (origin === '' || !/^(0|[1-9]\d{0,15})$/.test(size)) throw new Error('the note is no checkpoint');
  const signatures = note
    .slice(gap + 2)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, name = '', encoded = ''] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? [];
      const bytes = fromBase64(encoded);
      return {
        name,
        keyHash: bytesToHex(bytes.subarray(0, KEY_ID_BYTES)),
        signature: bytes.subarray(KEY_ID_BYTES),
      };
    });
  return { origin, size: Number(size), root: fromBase64(root), text, signatures };
}

/**
 * Which of the keys signed the note.
 *
 * @returns undefined when none of them claims to have
 * @throws Error when one claims to have and its signature does not verify
 */
export function signerOf(note: Note, keys: readonly TrustedKey[]): TrustedKey | undefined {
  for (const key of keys) {
    const mine = note.signatures.find(
      ({ name, keyHash }) => name === note.origin && keyHash === noteKeyHash(name, key.publicKey),
    );
    if (mine === undefined) continue;
    if (
      mine.signature.length !== 64 ||
      !verify(mine.signature, utf8ToBytes(note.text), key.publicKey, { zip215: false })
    ) {
      throw new Error('the signature of the note does not verify');
    }
    return key;
  }
  return undefined;
}

/** A public key as base64, as hex, or as a C2SP vkey. Throws an Error. */
export function readKey(text: string): TrustedKey {
  const trimmed = text.trim();
  const vkey = /^[^+\s]+\+[0-9a-f]{8}\+(\S+)$/.exec(trimmed)?.[1];
  const bytes =
    vkey === undefined
      ? /^[0-9a-fA-F]{64}$/.test(trimmed)
        ? hexToBytes(trimmed)
        : fromBase64(trimmed)
      : fromBase64(vkey);
  const publicKey = vkey === undefined ? bytes : bytes.subarray(1);
  if (publicKey.length !== KEY_BYTES) throw new Error('that is no Ed25519 public key');
  return { publicKey, keyId: bytesToHex(sha256(publicKey)) };
}

function noteKeyHash(name: string, publicKey: Uint8Array): string {
  return bytesToHex(sha256(concatBytes(utf8ToBytes(`${name}\n`), ED25519_TYPE, publicKey)).subarray(0, KEY_ID_BYTES));
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
