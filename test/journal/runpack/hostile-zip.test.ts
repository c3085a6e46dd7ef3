/** Zip files built to be read in two ways, or to cost much: refused, each for its own reason (W15). */
import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { isGaitError } from '../../../src/errors.js';
import { codeOf, entriesOf, key, kinds, newPack, verifyBytes, verifyEntries } from './packs.js';
import { buildZip, le16, le32, type BuiltEntry } from './zip-builder.js';

let good: BuiltEntry[];
let path: string;

beforeAll(async () => {
  ({ path } = await newPack({ key }));
  good = entriesOf(path);
});

const withKey = { publicKeys: [key.publicKey] };

/** The good pack with one entry changed. */
function changed(name: string, change: Partial<BuiltEntry>): BuiltEntry[] {
  return good.map((entry) => (entry.name === name ? { ...entry, ...change } : entry));
}

const STRANGER: BuiltEntry = { name: 'notes.txt', content: 'x' };

test('a pack put together again by hand is still a good one', async () => {
  expect((await verifyEntries(good, withKey)).verdict).toBe('valid');
  const deflated = good.map((entry) => ({ ...entry, method: 8 }));
  expect((await verifyEntries(deflated, withKey)).verdict).toBe('valid');
});

test('a comment on the archive, or a data descriptor behind an entry, is no problem', async () => {
  const descriptor = { flags: 8, local: { crc: 0, size: 0, compressedSize: 0 }, gapAfter: Buffer.alloc(16) };
  const entries = good.map((entry) => ({ ...entry, ...descriptor }));
  expect((await verifyBytes(buildZip(entries, { comment: Buffer.from('hello') }), withKey)).ok).toBe(true);
});

describe('names', () => {
  test.each([
    'intents.jsonl',
    ' intents.jsonl',
    'intents.jsonl ',
    './intents.jsonl',
    '.\\intents.jsonl',
    '/intents.jsonl',
  ])('a second entry named %j is a duplicate, before or after the first', async (name) => {
    const twin = { name, content: 'forged' };
    expect(kinds(await verifyEntries([...good, twin]))).toContain('duplicate_entry');
    expect(kinds(await verifyEntries([twin, ...good]))).toContain('duplicate_entry');
  });

  test('an entry that the manifest does not list is undeclared, whatever it holds', async () => {
    const report = await verifyEntries([...good, STRANGER], withKey);
    expect(report.ok).toBe(false);
    expect(report.problems).toMatchObject([{ kind: 'undeclared_entry', entry: 'notes.txt' }]);
    expect(report.signature_status).toBe('verified');
  });

  test.each([
    '../../evil.txt',
    'a/../b',
    '/etc/cron.d/x',
    'C:\\x',
    'c:x',
    'a\\b',
    'a//b',
    './a',
    'a\0b',
    'a\nb',
    '..',
    '',
  ])('%j is unsafe', async (name) => {
    expect(kinds(await verifyEntries([...good, { ...STRANGER, name }]))).toContain('unsafe_name');
  });

  test('a name that is not UTF-8 is unsafe', async () => {
    const report = await verifyEntries([...good, { ...STRANGER, name: Buffer.from([0x61, 0xff]) }]);
    expect(kinds(report)).toContain('unsafe_name');
  });

  test('a second name in an extra field is a contradiction', async () => {
    const name = Buffer.from('other');
    const extra = Buffer.concat([le16(0x7075, 5 + name.length), Buffer.from([1]), le32(0), name]);
    expect(kinds(await verifyEntries(changed('run.json', { extra })))).toContain('header_mismatch');
  });
});

describe('what is no plain file', () => {
  test.each<[string, Partial<BuiltEntry>]>([
    ['a directory by name', { name: 'dir/', content: '' }],
    ['a directory by attribute', { name: 'dir', content: '', madeBy: 20, attributes: 0x10 }],
    ['a symbolic link', { name: 'link', content: '/etc/passwd', attributes: (0o120777 << 16) >>> 0 }],
    ['a device', { name: 'null', content: '', attributes: (0o020666 << 16) >>> 0 }],
  ])('%s is refused', async (_what, entry) => {
    expect(kinds(await verifyEntries([...good, { ...STRANGER, ...entry }]))).toContain('not_a_file');
  });

  test('a link in the place of a required file is refused, and the file is not read', async () => {
    const report = await verifyEntries(changed('run.json', { attributes: (0o120777 << 16) >>> 0 }));
    expect(kinds(report)).toEqual(['not_a_file']);
  });
});

describe('contradictions between the two headers of an entry', () => {
  test.each<[string, BuiltEntry['local']]>([
    ['name', { name: Buffer.from('refs.jsoN') }],
    ['method', { method: 8 }],
    ['size', { size: 1 }],
    ['compressed size', { compressedSize: 1 }],
    ['checksum', { crc: 1 }],
    ['flags', { flags: 0x800 }],
  ])('in the %s are found', async (_field, local) => {
    const report = await verifyEntries(changed('refs.json', { local: local ?? {} }));
    expect(kinds(report)).toContain('header_mismatch');
  });

  test('behind a data descriptor are found too: zeros stand in for what follows, other values do not', async () => {
    for (const lie of [{ crc: 1 }, { size: 1 }, { compressedSize: 1 }]) {
      const local = { crc: 0, size: 0, compressedSize: 0, ...lie };
      const entry = { flags: 8, local, gapAfter: Buffer.alloc(16) };
      expect(kinds(await verifyEntries(changed('refs.json', entry)))).toEqual(['header_mismatch']);
    }
  });

  test('a directory record that points at no header is found', async () => {
    expect(kinds(await verifyEntries(changed('refs.json', { pointsTo: 7 })))).toContain('header_mismatch');
    expect(kinds(await verifyEntries(changed('refs.json', { pointsTo: 0xfffffff0 })))).toContain('header_mismatch');
  });
});

describe('sizes', () => {
  test('a checksum of other content is found even where the manifest agrees with the content', async () => {
    expect(kinds(await verifyEntries(changed('refs.json', { central: { crc: 5 } })))).toEqual(['crc_mismatch']);
  });

  test.each([-1, 1])('a claim that is wrong by %i byte is found, stored or deflated', async (by) => {
    const content = Buffer.from(String(good.find(({ name }) => name === 'refs.json')?.content));
    const size = content.length + by;
    for (const method of [0, 8]) {
      const report = await verifyEntries(changed('refs.json', { method, central: { size } }));
      expect(kinds(report)).toContain('size_mismatch');
    }
  });

  test('an entry that claims more than 100 MiB is not unpacked', async () => {
    const size = 100 * 1024 * 1024 + 1;
    const report = await verifyEntries(changed('refs.json', { method: 8, central: { size } }));
    expect(kinds(report)).toEqual(['entry_too_large']);
  });

  test('a bomb stops where its claimed size ends', async () => {
    const bomb = Buffer.alloc(64 * 1024 * 1024);
    const data = deflateRawSync(bomb);
    let unpacked = 0;
    const entries = changed('refs.json', { method: 8, data, central: { size: 1_000 } });
    const report = await verifyBytes(buildZip(entries), { onProgress: ({ bytes }) => (unpacked = bytes) });
    expect(kinds(report)).toContain('size_mismatch');
    expect(unpacked).toBeLessThan(100_000);
  });

  test('entries that claim more than 4 GiB together are not unpacked at all', async () => {
    const many = Array.from({ length: 45 }, (_, i) => ({
      name: `payloads/${i}`,
      content: '',
      method: 8,
      central: { size: 99 * 1024 * 1024 },
    }));
    expect(await codeOf(verifyEntries([...good, ...many]))).toBe('INVALID_RUNPACK');
  });

  test('20,001 entries are too many', async () => {
    const many = Array.from({ length: 20_001 }, (_, i) => ({ name: `x${i}`, content: '' }));
    const report = await verifyEntries([...good, ...many]);
    expect(kinds(report)).toContain('too_many_entries');
    expect(report.problem_count).toBeGreaterThan(report.problems.length);
    expect(report.problems.length).toBe(1_000);
  });
});

describe('data', () => {
  test('encryption is refused', async () => {
    expect(kinds(await verifyEntries(changed('refs.json', { flags: 1 })))).toEqual(['encrypted_entry']);
  });

  test('a method other than stored and deflated is refused', async () => {
    expect(kinds(await verifyEntries(changed('refs.json', { method: 12 })))).toEqual(['unsupported_method']);
  });

  test('data that does not inflate is refused', async () => {
    const data = Buffer.from([0xff, 0xff, 0xff]);
    expect(kinds(await verifyEntries(changed('refs.json', { method: 8, data })))).toContain('unreadable_entry');
  });

  test('bytes behind the end of the compressed data are refused', async () => {
    const refs = good.find(({ name }) => name === 'refs.json')?.content ?? '';
    const data = Buffer.concat([deflateRawSync(refs), Buffer.from('hidden')]);
    expect(kinds(await verifyEntries(changed('refs.json', { method: 8, data })))).toContain('unreadable_entry');
  });
});

describe('layout', () => {
  test('two entries that share bytes are found', async () => {
    const [first, ...rest] = good;
    if (first === undefined) throw new Error('no entries');
    const twin = { name: 'twin', content: first.content, central: { name: Buffer.from('twin') } };
    expect(kinds(await verifyEntries([first, { ...twin, pointsTo: 0 }, ...rest]))).toContain('overlapping_entries');
  });

  test('an entry that only the local headers show is found', async () => {
    expect(kinds(await verifyEntries([{ ...STRANGER, isUnlisted: true }, ...good]))).toEqual(['hidden_data']);
    expect(kinds(await verifyEntries([...good, { ...STRANGER, isUnlisted: true }]))).toEqual(['hidden_data']);
  });

  test('bytes between entries are found', async () => {
    expect(kinds(await verifyEntries(changed('refs.json', { gapAfter: Buffer.alloc(16) })))).toEqual(['hidden_data']);
  });

  test('directory records behind the promised number are found', async () => {
    const zip = buildZip([...good, STRANGER], { entryCount: good.length });
    expect(kinds(await verifyBytes(zip))).toContain('bad_directory');
    expect(kinds(await verifyBytes(buildZip(good, { afterDirectory: Buffer.alloc(3) })))).toEqual(['bad_directory']);
  });

  test('fewer directory records than promised are found', async () => {
    expect(kinds(await verifyBytes(buildZip(good, { entryCount: good.length + 1 })))).toEqual(['bad_directory']);
  });

  test.each([1, 21, 22, 100])('a file cut %i bytes short is no runpack', async (bytes) => {
    const zip = buildZip(good);
    expect(await codeOf(verifyBytes(zip.subarray(0, zip.length - bytes)))).toBe('INVALID_RUNPACK');
  });
});

test('whatever byte of a signed pack is changed: found, or without effect on any file in it', async () => {
  const zip = readFileSync(path);
  const before = await verifyBytes(zip, withKey);
  expect(before.verdict).toBe('valid');
  let found = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(zip.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const bytes = Buffer.from(zip);
      bytes.writeUInt8(bytes.readUInt8(at) ^ mask, at);
      try {
        const report = await verifyBytes(bytes, withKey);
        if (report.ok) expect(report).toEqual({ ...before, path: report.path });
        else found += 1;
      } catch (error) {
        if (!isGaitError(error) || error.code !== 'INVALID_RUNPACK') throw error;
        found += 1;
      }
    }),
    { numRuns: 1_500 },
  );
  // What has no effect are times, attributes and versions: a small part of the file.
  expect(found).toBeGreaterThan(1_200);
});
