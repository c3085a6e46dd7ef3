import { readFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { verifyRunpack } from '../../../src/journal/runpack/index.js';
import { nodeFileSystem } from '../../../src/journal/store/index.js';
import type { BuiltEntry } from './zip-builder.js';
import {
  binding,
  codeOf,
  entriesOf,
  key,
  kinds,
  newFolder,
  newPack,
  otherKey,
  redigested,
  verifyEntries,
} from './packs.js';

let signed: BuiltEntry[];
let unsigned: BuiltEntry[];
let signedPath: string;
let manifestDigest: string;

beforeAll(async () => {
  ({ path: signedPath, manifestDigest } = await newPack({ key }));
  signed = entriesOf(signedPath);
  unsigned = entriesOf((await newPack()).path);
});

const withKey = { publicKeys: [key.publicKey] };

function replaced(entries: readonly BuiltEntry[], entry: string, from: string | RegExp, to: string): BuiltEntry[] {
  return redigested(entries, (name, text) => {
    const changed = name === entry ? text.replace(from, to) : text;
    if (name === entry && changed === text) throw new Error(`nothing to replace in ${entry}`);
    return changed;
  });
}

describe('signatures', () => {
  test('by a key that was given make a pack valid', async () => {
    const report = await verifyEntries(signed, withKey);
    expect(report).toMatchObject({ ok: true, verdict: 'valid', signature_status: 'verified', signatures_valid: 1 });
    expect((await verifyEntries(signed, { publicKeys: [otherKey.publicKey, key.publicKey] })).verdict).toBe('valid');
  });

  test('that nobody could check make it unchecked, and none make it unsigned: neither is valid', async () => {
    expect(await verifyEntries(signed)).toMatchObject({ ok: true, verdict: 'unchecked', signature_status: 'skipped' });
    expect(await verifyEntries(unsigned)).toMatchObject({ ok: true, verdict: 'unsigned', signature_status: 'missing' });
  });

  test('W23: of another key than the one given fail, required or not', async () => {
    for (const requireSignature of [true, false]) {
      const report = await verifyEntries(signed, { publicKeys: [otherKey.publicKey], requireSignature });
      expect(report).toMatchObject({ ok: false, verdict: 'invalid', signature_status: 'failed', signatures_valid: 0 });
      expect(report.signature_errors).toHaveLength(1);
      expect(kinds(report)).toEqual(['signature']);
    }
  });

  test('W25: that were stripped fail for whoever brings a key', async () => {
    expect(await verifyEntries(unsigned, withKey)).toMatchObject({ ok: false, signature_status: 'missing' });
    expect((await verifyEntries(unsigned, { ...withKey, requireSignature: false })).verdict).toBe('unsigned');
  });

  test('required without a key to check them fail', async () => {
    const report = await verifyEntries(signed, { requireSignature: true });
    expect(report).toMatchObject({ ok: false, signature_status: 'skipped' });
  });

  test('W25: content changed and digested anew is unsigned at best, and never what the signature was for', async () => {
    const forged = replaced(unsigned, 'results.jsonl', '"status":"error"', '"status":"ok"');
    expect(await verifyEntries(forged)).toMatchObject({ ok: true, verdict: 'unsigned' });
    const underSignature = replaced(signed, 'results.jsonl', '"status":"error"', '"status":"ok"');
    expect(await verifyEntries(underSignature, withKey)).toMatchObject({ ok: false, signature_status: 'failed' });
  });

  test('that are broken are told by the key they name, whatever other keys were given', async () => {
    const entries = signed.map((entry) =>
      entry.name === 'manifest.json'
        ? { ...entry, content: String(entry.content).replace(/"sig":"[^"]*"/, '"sig":"AAAA"') }
        : entry,
    );
    const alone = await verifyEntries(entries, withKey);
    for (const publicKeys of [
      [key.publicKey, otherKey.publicKey],
      [otherKey.publicKey, key.publicKey],
    ]) {
      expect((await verifyEntries(entries, { publicKeys })).signature_errors).toEqual(alone.signature_errors);
    }
  });

  test('of another algorithm, or of another shape, are errors of their own', async () => {
    for (const block of ['{"alg":"rsa","sig":"","signed_digest":"DIGEST"}', '7', '{}']) {
      const entries = signed.map((entry) =>
        entry.name === 'manifest.json'
          ? { ...entry, content: String(entry.content).replace(/"signatures":\[.*\]/, `"signatures":[${block}]`) }
          : entry,
      );
      const report = await verifyEntries(entries, withKey);
      expect(report).toMatchObject({ ok: false, signature_status: 'failed', signatures_total: 1 });
    }
  });
});

describe('every file is held to the manifest', () => {
  test.each(['intents.jsonl', 'refs.json', 'results.jsonl', 'run.json'])('%s: changed or missing', async (name) => {
    const changed = signed.map((entry) =>
      entry.name === name ? { ...entry, content: `${String(entry.content)} ` } : entry,
    );
    const report = await verifyEntries(changed, withKey);
    expect(report.hash_mismatches.map(({ path }) => path)).toEqual([name]);
    const without = await verifyEntries(signed.filter((entry) => entry.name !== name));
    expect(without.missing_files).toEqual([name]);
    expect(without.ok).toBe(false);
  });

  test('a manifest that does not list a required file misses it, even where the entry is there', async () => {
    const entries = redigested(unsigned, (_name, text) => text).map((entry) =>
      entry.name === 'manifest.json'
        ? { ...entry, content: String(entry.content).replace(/\{"path":"refs\.json"[^}]*\},/, '') }
        : entry,
    );
    const report = await verifyEntries(entries);
    expect(report.missing_files).toEqual(['refs.json']);
    expect(kinds(report)).toEqual(['hash_mismatch', 'missing_file', 'undeclared_entry']);
  });

  test('a manifest that was changed after it was digested is a mismatch of its own', async () => {
    const entries = unsigned.map((entry) =>
      entry.name === 'manifest.json' ? { ...entry, content: String(entry.content).replace('reference', 'raw') } : entry,
    );
    expect((await verifyEntries(entries)).hash_mismatches.map(({ path }) => path)).toEqual(['manifest.json']);
  });

  test.each([
    ['../../evil', 'a name that leaves the folder'],
    ['run.json', 'a file listed twice'],
    ['manifest.json', 'the manifest itself'],
    [`payloads/${'0'.repeat(64)}`, 'a payload under another name than its digest'],
  ])('a manifest that lists %s (%s) is bad', async (path) => {
    const entries = unsigned.map((entry) =>
      entry.name === 'manifest.json'
        ? {
            ...entry,
            content: String(entry.content).replace(
              '"files":[',
              `"files":[{"path":"${path}","sha256":"${'1'.repeat(64)}"},`,
            ),
          }
        : entry,
    );
    expect(kinds(await verifyEntries(entries))).toContain('bad_manifest');
  });

  test('a key that no digest covers is a warning', async () => {
    const entries = unsigned.map((entry) =>
      entry.name === 'manifest.json' ? { ...entry, content: String(entry.content).replace('{', '{"extra":1,') } : entry,
    );
    const report = await verifyEntries(entries);
    expect(report.ok).toBe(true);
    expect(report.warnings).toMatchObject([{ kind: 'unknown_key', found: 'extra' }]);
  });
});

describe('the records, even where every digest fits', () => {
  test.each<[string, string, string | RegExp, string]>([
    ['bad_json', 'intents.jsonl', '{', '{"run_id":"run_1_cp_0001",'],
    ['bad_json', 'intents.jsonl', '}\n', '}\nnot json\n'],
    ['bad_json', 'intents.jsonl', '}\n', '}\n[]\n'],
    ['bad_json', 'results.jsonl', 'tool', '\u{fffd}\\ud800'],
    ['bad_json', 'run.json', /}$/, '} x'],
    ['bad_json', 'refs.json', /^.*$/, '[]'],
    ['bad_record', 'results.jsonl', 'gait.runpack.result', 'gait.runpack.intent'],
    ['bad_record', 'run.json', '"schema_version":"1.0.0"', '"schema_version":"2.0.0"'],
    ['identity_mismatch', 'intents.jsonl', 'run_1_cp_0001', 'run_2_cp_0001'],
    ['identity_mismatch', 'results.jsonl', 'run_1_cp_0001', 'run_1_cp_0002'],
    ['identity_mismatch', 'run.json', 'run_1_cp_0001', 'run_1'],
    ['identity_mismatch', 'refs.json', 'run_1_cp_0001', ''],
    ['identity_mismatch', 'intents.jsonl', '"session_id":"s1"', '"session_id":"s2"'],
    ['identity_mismatch', 'results.jsonl', 'intent_2', 'intent_7'],
    ['payload_mismatch', 'results.jsonl', '"verdict":"block"', '"verdict":"allow"'],
    ['sequence_mismatch', 'intents.jsonl', '"sequence":2', '"sequence":7'],
    ['sequence_mismatch', 'intents.jsonl', '"sequence":2', '"sequence":1'],
    ['count_mismatch', 'results.jsonl', /[^\n]*\n$/, ''],
    ['count_mismatch', 'run.json', '{"event":"session_event","ts":"2026-02-01T09:30:00Z"},', ''],
    ['count_mismatch', 'intents.jsonl', /"args":{[^}]*},/, ''],
  ])('%s: in %s, %s for %s', async (kind, entry, from, to) => {
    const text = entry === 'results.jsonl' && from === 'tool' ? '"status":"ok"' : from;
    const replacement = from === 'tool' ? '"status":"ok","x":"\\ud800"' : to;
    const report = await verifyEntries(replaced(unsigned, entry, text, replacement));
    expect(report.hash_mismatches).toEqual([]);
    expect(kinds(report)).toContain(kind);
    expect(report.problems.find((problem) => problem.kind === kind)?.entry ?? entry).toBe(entry);
  });

  test('W15: a digest that is not of the payload beside it is told, with its line', async () => {
    const report = await verifyEntries(replaced(unsigned, 'results.jsonl', '"verdict":"block"', '"verdict":"allow"'));
    expect(report.problems).toMatchObject([{ kind: 'payload_mismatch', entry: 'results.jsonl', line: 2 }]);
  });

  test('W15: in a pack that is no checkpoint, where it may be of more than is shown, it is a warning', async () => {
    const other = redigested(unsigned, (name, text) =>
      name === 'run.json' ? text.replace('session_checkpoint_emitted', 'end') : text,
    );
    const report = await verifyEntries(other);
    expect(report.ok).toBe(true);
    // The intents' digests are of calls that the pack does not hold.
    expect(report.warnings.map(({ kind, entry, line }) => [kind, entry, line])).toEqual(
      [1, 2, 3].map((line) => ['payload_mismatch', 'intents.jsonl', line]),
    );
  });

  test('a line over 8 MiB is not looked at', async () => {
    const long = 'x'.repeat(8 * 1024 * 1024 + 1);
    const entries = redigested(unsigned, (name, text) => (name === 'results.jsonl' ? `${text}${long}\n${long}` : text));
    const report = await verifyEntries(entries);
    expect(report.problems.filter(({ kind }) => kind === 'line_too_long').map(({ line }) => line)).toEqual([4, 5]);
  });

  test('bytes that are not UTF-8 are told', async () => {
    const entries = unsigned.map((entry) =>
      entry.name === 'intents.jsonl' ? { ...entry, content: Buffer.from([0x7b, 0xff, 0x7d]) } : entry,
    );
    expect(kinds(await verifyEntries(entries))).toContain('bad_json');
  });
});

describe('W22: a pack belongs to one checkpoint', () => {
  test('its own', async () => {
    expect((await verifyEntries(signed, { expect: { ...binding, manifestDigest }, ...withKey })).verdict).toBe('valid');
  });

  test.each([
    { sessionId: 's2' },
    { runId: 'run_2' },
    { checkpointIndex: 2 },
    { sequenceStart: 2 },
    { sequenceEnd: 4 },
    { sequenceStart: 2, sequenceEnd: 4 },
    { sequenceStart: 10, sequenceEnd: 5 },
    { manifestDigest: '0'.repeat(64) },
  ])('not one that says %j, however well signed', async (wrong) => {
    const expected = { ...binding, manifestDigest, ...wrong };
    const report = await verifyEntries(signed, { expect: expected, ...withKey });
    expect(report.verdict).toBe('invalid');
    expect(report.signature_status).toBe('verified');
    expect(kinds(report)).toEqual(['binding_mismatch']);
  });

  test('with the arguments stripped, as newer Go tools do, the number of events still counts, and the rest is a warning', async () => {
    const stripped = redigested(unsigned, (name, text) =>
      name === 'intents.jsonl' ? text.replaceAll(/"args":{[^}]*},/g, '') : text,
    );
    const digest = (await verifyEntries(stripped)).manifest_digest;
    const expected = { ...binding, manifestDigest: digest };
    const report = await verifyEntries(stripped, { expect: expected });
    expect(report.ok).toBe(true);
    expect(report.warnings.map(({ kind }) => kind)).toEqual(['not_comparable']);
    const wrong = await verifyEntries(stripped, { expect: { ...expected, sequenceEnd: 4 } });
    expect(kinds(wrong)).toEqual(['binding_mismatch']);
  });

  test('a pack with the marks of two checkpoints belongs to neither', async () => {
    const mark = '{"event":"session_checkpoint_emitted","ref":"checkpoint:2","ts":"2026-02-01T10:00:00Z"}';
    const other = replaced(unsigned, 'run.json', /\]\}$/, `,${mark}]}`);
    const digest = (await verifyEntries(other)).manifest_digest;
    for (const checkpoint of [{}, { runId: 'run_1', checkpointIndex: 2 }]) {
      const expected = { ...binding, ...checkpoint, manifestDigest: digest };
      expect(kinds(await verifyEntries(other, { expect: expected }))).toEqual(['binding_mismatch']);
    }
  });

  test('a pack without the mark of a checkpoint belongs to none', async () => {
    const other = replaced(unsigned, 'run.json', 'session_checkpoint_emitted', 'end');
    const digest = (await verifyEntries(other)).manifest_digest;
    expect(kinds(await verifyEntries(other, { expect: { ...binding, manifestDigest: digest } }))).toEqual([
      'binding_mismatch',
    ]);
  });
});

describe('what cannot be checked is INVALID_RUNPACK', () => {
  test.each<[string, (text: string) => string]>([
    ['no JSON', () => '{'],
    ['no object', () => '[]'],
    ['two meanings', (text) => text.replace('{', '{"run_id":"x",')],
    ['another schema', (text) => text.replace('gait.runpack.manifest', 'gait.pack.manifest')],
    [
      'another version',
      (text) => text.replace('1.0.0', '1.0.1').replace('"schema_version":"1.0.0"', '"schema_version":"2"'),
    ],
    ['no run id', (text) => text.replace(/"run_id":"[^"]*",/, '')],
    ['a run id that is no text', (text) => text.replace(/"run_id":"[^"]*"/, '"run_id":7')],
    ['a time that is none', (text) => text.replace(/"created_at":"[^"]*"/, '"created_at":"yesterday"')],
    ['files that are no list', (text) => text.replace(/"files":\[.*?\]/, '"files":{}')],
    ['a file that is no object', (text) => text.replace(/"files":\[.*?\]/, '"files":[7]')],
    ['signatures that are no list', (text) => text.replace(/}$/, ',"signatures":"x"}')],
  ])('a manifest with %s', async (_what, change) => {
    const entries = unsigned.map((entry) =>
      entry.name === 'manifest.json' ? { ...entry, content: change(String(entry.content)) } : entry,
    );
    expect(await codeOf(verifyEntries(entries))).toBe('INVALID_RUNPACK');
  });

  test('a manifest that is missing, or that is no plain file', async () => {
    const without = unsigned.filter((entry) => entry.name !== 'manifest.json');
    expect(await codeOf(verifyEntries(without))).toBe('INVALID_RUNPACK');
    const asLink = unsigned.map((entry) =>
      entry.name === 'manifest.json' ? { ...entry, attributes: (0o120777 << 16) >>> 0 } : entry,
    );
    expect(await codeOf(verifyEntries(asLink))).toBe('INVALID_RUNPACK');
  });

  test('a path at which there is nothing, or a directory', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'dir.zip'));
    for (const name of ['none.zip', 'dir.zip', 'none/none.zip']) {
      expect(await codeOf(verifyRunpack(nodeFileSystem, join(folder, name)))).toBe('INVALID_RUNPACK');
    }
  });
});

test('a disk that fails is not a bad runpack', async () => {
  const failing = {
    ...nodeFileSystem,
    read: (): number => {
      throw Object.assign(new Error('disk'), { code: 'EIO' });
    },
  };
  expect(await codeOf(verifyRunpack(failing, signedPath))).toBe('IO_ERROR');
  const denied = {
    ...nodeFileSystem,
    open: (): number => {
      throw Object.assign(new Error('denied'), { code: 'EACCES' });
    },
  };
  expect(await codeOf(verifyRunpack(denied, signedPath))).toBe('IO_ERROR');
});

test('a manifest without its optional texts has the digest that the Go tool gives it', async () => {
  const entries = unsigned.map((entry) =>
    entry.name === 'manifest.json'
      ? { ...entry, content: String(entry.content).replace(/"created_at":"[^"]*",/, '') }
      : entry,
  );
  const report = await verifyEntries(entries);
  expect(report.hash_mismatches).toHaveLength(1);
  const { actual = '' } = report.hash_mismatches[0] ?? {};
  const again = entries.map((entry) =>
    entry.name === 'manifest.json'
      ? { ...entry, content: String(entry.content).replace(report.manifest_digest, actual) }
      : entry,
  );
  expect((await verifyEntries(again)).ok).toBe(true);
});

test('progress goes up to all of the content, and an abort ends the check', async () => {
  const seen: number[] = [];
  let total = 0;
  await verifyRunpack(nodeFileSystem, signedPath, {
    onProgress: ({ bytes, totalBytes }) => {
      seen.push(bytes);
      total = totalBytes;
    },
  });
  expect(seen.at(-1)).toBe(total);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(verifyRunpack(nodeFileSystem, signedPath, { signal })).rejects.toThrow('enough');
});

test('verifying changes nothing', async () => {
  const before = readFileSync(signedPath);
  await verifyRunpack(nodeFileSystem, signedPath, withKey);
  expect(readFileSync(signedPath)).toEqual(before);
});
