/** Payloads that are not what their events were recorded with, in a journal and in a runpack. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verify, verifyJournal, type SessionEvent } from '../../src/index.js';
import { caught, linesOf, toolCall, withJournal } from '../support/journal-fixtures.js';
import { CONTENT, fileOf, journalWithPayload } from '../support/payloads.js';
import { KEY, STRICT } from '../support/sealed-session.js';

describe('verify tells of a payload that it', () => {
  it('is missing, at the event that names it', async () => {
    const { path, payload } = await journalWithPayload();
    rmSync(fileOf(path, payload));
    expect((await verifyJournal(path)).problems).toMatchObject([
      { kind: 'payload_missing', line: 2, sequence: 1, expected: payload.sha256 },
    ]);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['in a byte of its content', (bytes) => Buffer.from(bytes).fill(bytes.readUInt8(40) ^ 1, 40, 41)],
    ['in a byte of its salt', (bytes) => Buffer.from(bytes).fill(bytes.readUInt8(0) ^ 1, 0, 1)],
    ['by one byte less', (bytes) => bytes.subarray(0, -1)],
    ['by one byte more', (bytes) => Buffer.concat([bytes, Buffer.of(0)])],
    ['to nothing', () => Buffer.alloc(0)],
  ])('was altered %s', async (_, change) => {
    const { path, payload } = await journalWithPayload();
    const file = fileOf(path, payload);
    writeFileSync(file, change(readFileSync(file)));
    expect((await verifyJournal(path)).problems).toMatchObject([
      { kind: 'payload_altered', line: 2, sequence: 1, expected: payload.sha256 },
    ]);
  });

  it('was replaced together with its name: the line still names the first', async () => {
    const { path, payload } = await journalWithPayload();
    const other = await journalWithPayload(Buffer.from('what somebody would rather have told it'));
    writeFileSync(fileOf(path, payload), readFileSync(fileOf(other.path, other.payload)));
    expect((await verifyJournal(path)).problems).toMatchObject([{ kind: 'payload_altered' }]);
  });

  it('is named by nobody, as a warning', async () => {
    const { path } = await journalWithPayload();
    const orphan = 'ab'.repeat(32);
    const folder = join(`${path}.gait`, 'payloads', 'ab');
    await withJournal(path, async (journal) => {
      await journal.append(toolCall(2));
    });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, orphan), 'x');
    const report = await verifyJournal(path);
    expect(report.ok).toBe(true);
    expect(report.warnings).toContainEqual(expect.objectContaining({ kind: 'payload_orphaned', found: orphan }));
  });

  it('is named in a way that no writer does', async () => {
    const { path } = await journalWithPayload();
    const last = JSON.parse(linesOf(path).at(-1) ?? '') as { event: SessionEvent };
    const event = { ...last.event, sequence: 2, payload: { sha256: '../../x', size: 1, media_type: 'a/b' } };
    appendFileSync(path, `${JSON.stringify({ record_type: 'event', event })}\n`);
    expect((await verifyJournal(path)).problems).toMatchObject([{ kind: 'bad_record', line: 3, sequence: 2 }]);
  });
});

describe('a runpack with payloads', () => {
  it('carries those of its events, and is refused when one is changed on the way', async () => {
    const { path, payload } = await journalWithPayload();
    const folder = dirname(path);
    const out = join(folder, 'with.zip');
    await withJournal(path, (journal) => journal.checkpoint({ key: KEY, out, withPayloads: true }));
    expect(await verify(out, STRICT)).toMatchObject({ ok: true });
    const zip = readFileSync(out);
    expect(zip.includes(payload.sha256)).toBe(true);
    expect(zip.includes(CONTENT)).toBe(true);
    const at = zip.indexOf(CONTENT);
    writeFileSync(out, Buffer.from(zip).fill(zip.readUInt8(at) ^ 1, at, at + 1));
    expect((await verify(out, STRICT)).ok).toBe(false);
  });

  it('is not made from a payload that is gone or was altered, and nothing is sealed', async () => {
    for (const [code, spoil] of [
      ['PAYLOAD_NOT_FOUND', (file: string) => rmSync(file)],
      ['PAYLOAD_ALTERED', (file: string) => writeFileSync(file, Buffer.alloc(32 + CONTENT.length))],
    ] as const) {
      const { path, payload } = await journalWithPayload();
      spoil(fileOf(path, payload));
      const before = readFileSync(path);
      const out = join(dirname(path), 'with.zip');
      expect(
        (await caught(withJournal(path, (journal) => journal.checkpoint({ key: KEY, out, withPayloads: true })))).code,
      ).toBe(code);
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(readdirSync(dirname(path)).filter((name) => name.includes('with.zip'))).toEqual([]);
    }
  });

  it('is made only when it is asked for', async () => {
    const { path } = await journalWithPayload();
    const out = join(dirname(path), 'without.zip');
    await withJournal(path, (journal) => journal.checkpoint({ key: KEY, out }));
    expect(readFileSync(out).includes(CONTENT)).toBe(false);
    expect(await verify(out, STRICT)).toMatchObject({ ok: true });
  });
});
