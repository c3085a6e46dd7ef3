/** The tables of docs/format.md on what travels beside a journal, held against what gait and the Go tool write. */
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import canonicalize from 'canonicalize';
import { beforeAll, describe, expect, test } from 'vitest';
import { openJournal, verify } from '../../src/index.js';
import { oracleUnzip } from '../interop/runpack-oracle.js';
import { goFiles, signer, writeEvidence, type Evidence } from '../schemas/evidence.js';
import { readDocument } from './documents.js';

type Fields = Readonly<Record<string, unknown>>;

const document = readDocument('docs/format.md');

/** The cells of a table, row by row. */
function table(name: string): string[][] {
  const [, after] = document.split(`<!-- table:${name} -->\n`);
  if (after === undefined) throw new Error(`there is no table ${name}`);
  const rows = after.trimStart().split('\n\n')[0]?.split('\n').slice(2) ?? [];
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const keysOf = (name: string): string[] => table(name).map(([key = '']) => key);
const readJson = (path: string): Fields => JSON.parse(readFileSync(path, 'utf8')) as Fields;
const sha256 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const digestOf = (value: unknown): string => sha256(canonicalize(value) ?? '').toString('hex');

const publicKey = createPublicKey({
  key: { kty: 'OKP', crv: 'Ed25519', x: signer.publicKey.toString('base64url') },
  format: 'jwk',
});

let evidence: Evidence;
let entries: Map<string, string>;

beforeAll(async () => {
  evidence = await writeEvidence();
  entries = new Map(
    [...oracleUnzip(readFileSync(evidence.runpack))].map(([name, { content }]) => [name, String(content)]),
  );
});

describe('a runpack', () => {
  test('has the entries that the document names, in that order', () => {
    expect([...entries.keys()]).toEqual(keysOf('entries').filter((name) => !name.startsWith('payloads/')));
  });

  test('has records of the documented keys', () => {
    const common = ['schema_id', 'schema_version', 'created_at', 'producer_version', 'run_id'];
    const files = { intent: 'intents.jsonl', result: 'results.jsonl', refs: 'refs.json', run: 'run.json' };
    for (const [kind, file] of Object.entries({ ...files, manifest: 'manifest.json' })) {
      const lines = (entries.get(file) ?? '').trimEnd().split('\n');
      const keys = table('records').filter(([record]) => record === kind);
      for (const line of lines) {
        const record = JSON.parse(line) as Fields;
        expect(canonicalize(record)).toBe(line);
        expect(record).toMatchObject({ schema_id: `gait.runpack.${kind}`, run_id: 'run_1_cp_0001' });
        expect(Object.keys(record).toSorted()).toEqual([...common, ...keys.map(([, key = '']) => key)].toSorted());
      }
    }
  });

  test('has the documented digests and signature', () => {
    const { signatures, ...manifest } = JSON.parse(entries.get('manifest.json') ?? '') as Fields;
    for (const { path, sha256: stated } of manifest['files'] as { path: string; sha256: string }[]) {
      expect(sha256(entries.get(path) ?? '').toString('hex')).toBe(stated);
    }
    expect(manifest['manifest_digest']).toBe(digestOf({ ...manifest, manifest_digest: '' }));
    const [{ sig, signed_digest: signed }] = signatures as [{ sig: string; signed_digest: string }];
    expect(signed).toBe(digestOf(manifest));
    expect(verifySignature(null, Buffer.from(signed, 'hex'), publicKey, Buffer.from(sig, 'base64'))).toBe(true);
    for (const line of (entries.get('results.jsonl') ?? '').trimEnd().split('\n')) {
      const { result, result_digest: stated } = JSON.parse(line) as Fields;
      expect(stated).toBe(digestOf(result));
    }
  });

  test('is a zip file of the documented layout', () => {
    const zip = readFileSync(evidence.runpack);
    // Version, flags, method, time, date.
    expect(zip.subarray(4, 14).toString('hex')).toBe('14000808000000002100');
    expect(zip.toString('latin1')).toContain('session_checkpoint_emitted');
  });
});

test('a chain has the documented keys, and the checkpoints as they stand in the journal', () => {
  const text = readFileSync(evidence.chain, 'utf8');
  const chain = JSON.parse(text) as Fields;
  expect(Object.keys(chain)).toEqual(keysOf('chain'));
  expect(chain['checkpoints']).toEqual([evidence.checkpoint.checkpoint]);
  expect(text).toBe(`${JSON.stringify(chain, null, 2)}\n`);
});

test('a chain that is there goes on with every checkpoint, with a runpack or without, and can be made anew', async () => {
  const journal = await openJournal(evidence.journal);
  const countListed = (): number => (readJson(evidence.chain)['checkpoints'] as unknown[]).length;
  await journal.append({ tool_name: 'sh.run', verdict: 'allow' });
  await journal.checkpoint();
  expect(countListed()).toBe(2);
  expect(await verify(evidence.chain)).toMatchObject({ ok: true, checkpoints_checked: 2 });
  writeFileSync(evidence.chain, '');
  await journal.rebuildChain();
  expect(countListed()).toBe(2);
  await journal.close();
});

test("the Go tool's index has the documented keys, ours and its own", () => {
  for (const path of [`${evidence.journal}.state.json`, ...goFiles(/sealed\/journal\.jsonl\.state\.json$/)]) {
    expect(Object.keys(readJson(path))).toEqual(keysOf('state'));
  }
});

test('a consistency proof has the documented keys, in canonical form', () => {
  const text = readFileSync(evidence.consistencyProof, 'utf8');
  const proof = JSON.parse(text) as Fields;
  expect(Object.keys(proof).toSorted()).toEqual(keysOf('consistency').toSorted());
  expect(text).toBe(`${canonicalize(proof)}\n`);
});

test('an inclusion proof leads from its line to the root of its note, as the document says', () => {
  const [head = '', note = ''] = readFileSync(evidence.inclusionProof, 'utf8').split(/\n\n([\s\S]*)/);
  const [version, extra = '', index, ...hashes] = head.split('\n');
  expect([version, index]).toEqual(['c2sp.org/tlog-proof@v1', 'index 2']);
  const line = Buffer.from(extra.replace('extra ', ''), 'base64');
  expect(JSON.parse(line.toString())).toMatchObject({ event: { sequence: 2 } });
  // Leaf 2 of 3 stands alone at the right edge: one step, with the two leaves before it on the left.
  expect(hashes).toHaveLength(1);
  const root = sha256(Buffer.of(1), Buffer.from(hashes[0] ?? '', 'base64'), sha256(Buffer.of(0), line));
  expect(note.split('\n').slice(0, 3)).toEqual(['gait/s1', '3', root.toString('base64')]);
  expect(note).toBe(readFileSync(evidence.note, 'utf8'));
});

test('the traces of the Go tool have the documented keys and ids', () => {
  const documented = new Set(keysOf('trace'));
  const required = table('trace').filter(([, type = '']) => !type.endsWith('optional'));
  const [path = ''] = goFiles(/traces\/trace1\.json$/);
  const { signature, ...record } = readJson(path) as Readonly<Record<string, string>>;
  expect(Object.keys(record).filter((key) => !documented.has(key))).toEqual([]);
  expect(required.map(([key = '']) => key).filter((key) => key !== 'signature' && !(key in record))).toEqual([]);
  const {
    policy_digest: policy,
    intent_digest: intent,
    verdict,
    trace_id: id,
    event_id: event,
    observed_at: at,
  } = record;
  expect(id).toBe(sha256(`${policy}:${intent}:${verdict}`).toString('hex').slice(0, 24));
  expect(event).toBe(sha256(`${id}:${at}`).toString('hex').slice(0, 24));
  expect((signature as unknown as Fields)['signed_digest']).toBe(digestOf(record));
});
