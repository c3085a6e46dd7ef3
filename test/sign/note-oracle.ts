/** Notes made and checked with node:crypto alone, from the C2SP texts: nothing here comes from src/. */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export function oracleKeyId(name: string, publicKey: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n\u0001`).update(publicKey).digest().subarray(0, 4);
}

/** A note signed by one key. */
export function oracleSign(text: string, name: string, seed: Uint8Array): string {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const bytes = Buffer.concat([oracleKeyId(name, publicKey), sign(null, Buffer.from(text), key)]);
  return `${text}\n\u2014 ${name} ${bytes.toString('base64')}\n`;
}

/** True when the last signature line of a note is a good one by this key. */
export function oracleVerify(note: string, name: string, publicKey: Uint8Array): boolean {
  const at = note.lastIndexOf('\n\n');
  const lines = note
    .slice(at + 2)
    .trimEnd()
    .split('\n');
  const [dash, signer, base64 = ''] = (lines.at(-1) ?? '').split(' ');
  const bytes = Buffer.from(base64, 'base64');
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' });
  return (
    dash === '\u2014' &&
    signer === name &&
    bytes.subarray(0, 4).equals(oracleKeyId(name, publicKey)) &&
    verify(null, Buffer.from(note.slice(0, at + 1)), key, bytes.subarray(4))
  );
}
