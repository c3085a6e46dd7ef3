/** What docs/format.md says, recomputed by code that shares nothing with src/, and held against files that gait writes. */
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { unpack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { openJournal, startSession } from '../../src/index.js';
import { keyPairFromSeed } from '../../src/sign/index.js';
import { tempDir } from '../support/temp-dir.js';
import { exampleIn, readDocument } from './documents.js';

interface Line {
  readonly record_type: string;
  readonly prev?: string;
  readonly note?: string;
  readonly checkpoint?: Readonly<Record<string, unknown>>;
}

const document = readDocument('docs/format.md');
const lines = exampleIn(document, 'example:journal').trimEnd().split('\n');
const records = lines.map((line) => JSON.parse(line) as Line);
const named = new Map(
  [
    ...exampleIn(document, 'example:hashes').trimEnd().split('\n'),
    ...exampleIn(document, 'example:key').split('\n'),
  ].map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)] as const),
);

const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leafOf = (line: string): Buffer => sha256(Buffer.of(0), line);
const rootOf = (leaves: readonly Buffer[]): Buffer => {
  const [only] = leaves;
  if (only === undefined) return sha256('');
  if (leaves.length === 1) return only;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Buffer.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
};

describe('the example journal', () => {
  test('has a header, two events and a checkpoint, in canonical form', () => {
    expect(records.map((record) => record.record_type)).toEqual(['header', 'event', 'event', 'checkpoint']);
    for (const line of lines) expect(canonicalize(JSON.parse(line))).toBe(line);
  });

  test('has the leaf hashes and roots that the document names', () => {
    lines.forEach((line, at) => {
      expect(leafOf(line).toString('hex')).toBe(named.get(`leaf ${at}`));
      expect(rootOf(lines.slice(0, at + 1).map(leafOf)).toString('hex')).toBe(named.get(`root ${at + 1}`));
    });
  });

  test('links each line to the one before', () => {
    const below = [undefined, ...lines.map((line) => leafOf(line).toString('hex'))];
    records.forEach((record, at) => expect(record.prev).toBe(below[at]));
  });

  test('has a checkpoint that says what the lines before it add up to', () => {
    const checkpoint = records[3]?.checkpoint ?? {};
    expect(checkpoint).toMatchObject({ tree_size: 3, root_hash: named.get('root 3'), head: named.get('leaf 2') });
    expect(checkpoint['manifest_digest']).toBe(checkpoint['root_hash']);
    const parts = ['manifest_digest', 'none', 'checkpoint_index', 'sequence_start', 'sequence_end'];
    const text = parts.map((part) => (part === 'none' ? '' : String(checkpoint[part]))).join(':');
    expect(checkpoint['checkpoint_digest']).toBe(sha256(text).toString('hex'));
  });

  test('is signed, twice, by the key that the document names', () => {
    const { signature, ...signed } = records[3]?.checkpoint ?? {};
    const raw = Buffer.from(named.get('public') ?? '', 'base64');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
    const { sig, key_id: keyId, signed_digest: digest } = signature as Readonly<Record<string, string>>;
    expect(keyId).toBe(sha256(raw).toString('hex'));
    expect(digest).toBe(sha256(canonicalize(signed) ?? '').toString('hex'));
    expect(verifySignature(null, Buffer.from(digest ?? '', 'hex'), key, Buffer.from(sig ?? '', 'base64'))).toBe(true);

    const [text = '', signatures = ''] = (records[3]?.note ?? '').split('\n\n');
    expect(text).toBe(`gait/s1\n3\n${Buffer.from(named.get('root 3') ?? '', 'hex').toString('base64')}`);
    const [dash, name, blob] = signatures.trimEnd().split(' ');
    const bytes = Buffer.from(blob ?? '', 'base64');
    expect([dash, name]).toEqual(['\u2014', 'gait/s1']);
    const noteId = sha256('gait/s1\n', Buffer.of(1), raw).subarray(0, 4);
    expect(bytes.subarray(0, 4)).toEqual(noteId);
    expect(verifySignature(null, Buffer.from(`${text}\n`), key, bytes.subarray(4))).toBe(true);
    const keyBytes = Buffer.concat([Buffer.of(1), raw]).toString('base64');
    expect(named.get('vkey')).toBe(`gait/s1+${noteId.toString('hex')}+${keyBytes}`);
  });

  test('is what gait writes', async () => {
    const { path } = await writeExample();
    expect(readFileSync(path, 'utf8')).toBe(`${lines.join('\n')}\n`);
  });
});

describe('the files beside a journal', () => {
  test('are those that the document names, with the modes it names', async () => {
    const { path, folder } = await writeExample();
    expect(readdirSync(folder).toSorted()).toEqual(['s1.jsonl', 's1.jsonl.gait', 's1.jsonl.state.json']);
    expect(readdirSync(`${path}.gait`).toSorted()).toEqual(['guard', 'index']);
    for (const file of [path, `${path}.state.json`, `${path}.gait/guard`, `${path}.gait/index`]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(statSync(`${path}.gait`).mode & 0o777).toBe(0o750 & ~process.umask());
  });

  test('hold an index of the documented layout', async () => {
    const { path } = await writeExample();
    const index = readFileSync(`${path}.gait/index`);
    const row = unpack(index.subarray(32)) as unknown[];
    expect(index.subarray(0, 32)).toEqual(sha256(index.subarray(32)));
    const positions = [...exampleTable('table:index').matchAll(/^\| (\d+) /gm)].map(([, position]) => Number(position));
    expect(positions).toEqual(row.map((_, at) => at));
    const size = statSync(path).size;
    const { ino, dev } = statSync(path);
    expect(row.slice(0, 6)).toEqual([2, ino, dev, size, size, Buffer.byteLength(lines[3] ?? '')]);
    expect(hexOf(row[6])).toBe(named.get('leaf 3'));
    expect(row[7]).toBe(4);
    expect(hexOf(row[8])).toBe(named.get('root 4'));
    expect(JSON.parse(String(row[9]))).toMatchObject({ header: { session_id: 's1' }, lastSequence: 2 });
    const offsets = lines.map((_, at) => Buffer.byteLength(lines.slice(0, at).join('\n')) + (at === 0 ? 0 : 1));
    const second = '2026-02-01T09:30:00';
    expect(row.slice(10)).toEqual([1, [1, 2], [offsets[1], offsets[2]], [], second.repeat(4)]);
  });

  test('hold a guard record of the documented layout', async () => {
    const { path } = await writeExample();
    const guard = readFileSync(`${path}.gait/guard`);
    expect(guard).toHaveLength(512);
    expect(guard.at(-1)).toBe(0x0a);
    const record = JSON.parse(guard.toString('latin1')) as Readonly<Record<string, unknown>>;
    const section = document.slice(
      document.indexOf('**`P.gait/guard`.**'),
      document.indexOf('**`P.lock`, a directory,**'),
    );
    const documented = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, key]) => key);
    expect(Object.keys(record)).toEqual(documented);
    expect(record).toMatchObject({ phase: 'idle', mode: 'shared', pid: process.pid, ino: 0 });
  });

  test('hold the bytes that recovery cut off, under their offset and hash', async () => {
    const { path } = await writeExample();
    const { size } = statSync(path);
    appendFileSync(path, '{"event":{"tool');
    const journal = await openJournal(path);
    await journal.append({ tool_name: 'sh.run', verdict: 'allow' });
    await journal.close();
    const [name = ''] = readdirSync(`${path}.gait/torn`);
    expect(name).toBe(`${size}-${sha256('{"event":{"tool').toString('hex')}`);
    expect(readFileSync(join(`${path}.gait`, 'torn', name), 'utf8')).toBe('{"event":{"tool');
    const repair = readFileSync(path, 'utf8').trimEnd().split('\n')[4] ?? '';
    expect(JSON.parse(repair)).toMatchObject({
      event: {
        tool_name: 'gait.journal.repair',
        verdict: 'allow',
        reason_codes: ['torn_tail'],
        attributes: { byte_offset: size, sha256: name.split('-')[1], size_bytes: 15 },
      },
    });
  });
});

/** The session of the document, by the public API. */
async function writeExample(): Promise<{ path: string; folder: string }> {
  const folder = tempDir();
  const path = join(folder, 's1.jsonl');
  let now = Date.UTC(2026, 1, 1, 9, 30) - 250;
  const options = { clock: () => (now += 250), producerVersion: '0.1.0' };
  await startSession(path, { session_id: 's1', run_id: 'run_1' }, options);
  const journal = await openJournal(path, options);
  await journal.append({
    tool_name: 'fs.write',
    verdict: 'allow',
    actor: 'agent-7',
    attributes: { path: '/tmp/é', mode: 384 },
  });
  await journal.append({ tool_name: 'sh.run', verdict: 'block', reason_codes: ['network', 'denied'] });
  await journal.checkpoint({ key: keyPairFromSeed(Buffer.from(Array.from({ length: 32 }, (_, at) => at))) });
  await journal.close();
  return { path, folder };
}

function exampleTable(name: string): string {
  const [, after] = document.split(`<!-- ${name} -->`);
  if (after === undefined) throw new Error(`there is no table ${name}`);
  return after.slice(0, after.indexOf('\n\n', 2));
}

function hexOf(bytes: unknown): string {
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('hex') : '';
}
