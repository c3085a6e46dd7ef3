/**
 * Runpacks read and judged from the Go tool's format alone: an own reader of zip's central directory, RFC 8785 by the
 * canonicalize package, signatures by node:crypto. Nothing here comes from src/.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import canonicalize from 'canonicalize';

type Json = Readonly<Record<string, unknown>>;

export interface OracleEntry {
  readonly content: Buffer;
  readonly method: number;
  readonly dosTime: number;
  readonly dosDate: number;
  readonly mode: number;
  /** Of the directory record. */
  readonly extraBytes: number;
}

/** Entries in the order of the directory. Throws Error for anything it does not understand. */
export function oracleUnzip(zip: Buffer): Map<string, OracleEntry> {
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'));
  if (end === -1) throw new Error('no end record');
  let at = zip.readUInt32LE(end + 16);
  const entries = new Map<string, OracleEntry>();
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new Error('no directory record');
    const nameBytes = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameBytes);
    if (entries.has(name)) throw new Error(`twice: ${name}`);
    const header = zip.readUInt32LE(at + 42);
    const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
    const raw = zip.subarray(start, start + zip.readUInt32LE(at + 20));
    const method = zip.readUInt16LE(at + 10);
    const content = method === 0 ? raw : inflateRawSync(raw);
    if (content.length !== zip.readUInt32LE(at + 24)) throw new Error(`size of ${name}`);
    entries.set(name, {
      content,
      method,
      dosTime: zip.readUInt16LE(at + 12),
      dosDate: zip.readUInt16LE(at + 14),
      mode: zip.readUInt16LE(at + 40),
      extraBytes: zip.readUInt16LE(at + 30),
    });
    at += 46 + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}

export function oracleDigest(value: unknown): string {
  return sha256(Buffer.from(canonicalize(value) ?? ''));
}

export interface OracleVerdict {
  readonly errors: readonly string[];
  readonly runId: string;
  readonly manifestDigest: string;
  readonly isSigned: boolean;
  readonly records: Readonly<Record<string, readonly Json[]>>;
}

/** Judges a pack; no errors means that the Go tool's strict profile takes it. @param publicKey 32 bytes */
export function oracleVerify(zip: Buffer, publicKey?: Buffer): OracleVerdict {
  const entries = oracleUnzip(zip);
  const errors: string[] = [];
  const names = [...entries.keys()];
  if (names.join() !== names.toSorted().join()) errors.push('not sorted');
  const text = (name: string): string => entries.get(name)?.content.toString('utf8') ?? '';
  const manifest = JSON.parse(text('manifest.json')) as Json;
  if (text('manifest.json') !== canonicalize(manifest)) errors.push('manifest is not canonical');
  const files = manifest['files'] as readonly { readonly path: string; readonly sha256: string }[];
  if (names.filter((name) => name !== 'manifest.json').join() !== files.map(({ path }) => path).join()) {
    errors.push('entries are not the listed files');
  }
  for (const { path, sha256: expected } of files) {
    if (sha256(entries.get(path)?.content ?? Buffer.alloc(0)) !== expected) errors.push(`digest of ${path}`);
  }
  const { signatures, ...signed } = manifest;
  if (oracleDigest({ ...signed, manifest_digest: '' }) !== manifest['manifest_digest']) errors.push('manifest digest');
  const isSigned = Array.isArray(signatures) && signatures.length > 0;
  if (publicKey !== undefined) errors.push(...signatureErrors(signatures, oracleDigest(signed), publicKey));
  const records: Record<string, readonly Json[]> = {};
  for (const name of ['intents.jsonl', 'results.jsonl', 'run.json', 'refs.json']) {
    const lines = name.endsWith('l') ? text(name).split('\n') : [text(name), ''];
    if (lines.pop() !== '') errors.push(`${name} does not end in LF`);
    records[name] = lines.map((line) => JSON.parse(line) as Json);
    for (const [i, record] of records[name].entries()) {
      if (canonicalize(record) !== lines[i]) errors.push(`${name} is not canonical`);
      if (record['run_id'] !== manifest['run_id']) errors.push(`run_id in ${name}`);
    }
  }
  for (const record of records['results.jsonl'] ?? []) {
    if (oracleDigest(record['result']) !== record['result_digest']) errors.push('result digest');
  }
  return {
    errors,
    runId: String(manifest['run_id']),
    manifestDigest: String(manifest['manifest_digest']),
    isSigned,
    records,
  };
}

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

function signatureErrors(signatures: unknown, digest: string, publicKey: Buffer): string[] {
  const [block] = (signatures ?? []) as readonly Json[];
  if (block === undefined) return ['no signature'];
  const errors: string[] = [];
  if (block['alg'] !== 'ed25519') errors.push('alg');
  if (block['key_id'] !== sha256(publicKey)) errors.push('key id');
  if (block['signed_digest'] !== digest) errors.push('signed digest');
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' });
  const isGood = verify(null, Buffer.from(digest, 'hex'), key, Buffer.from(String(block['sig']), 'base64'));
  if (!isGood) errors.push('signature');
  return errors;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
