import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPayload } from '../../src/index.js';
import { exitOf, runCli, spawnCli } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, parseLines, snapshot, startedJournal } from './gait.js';

const session = (command: string, journal: string): string[] => ['run', 'session', command, '--journal', journal];
const append = (journal: string, ...more: readonly string[]): string[] => [
  ...session('append', journal),
  '--tool',
  'sh.run',
  '--verdict',
  'allow',
  ...more,
];
const show = (journal: string, ...more: readonly string[]): string[] => [...session('show', journal), ...more];

/** Every byte value, so that nothing that takes them for text can pass. */
const BYTES = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 256));

async function payloadFile(journal: string, sequence: number): Promise<string> {
  const { sha256 } = (await readPayload(journal, sequence)).payload;
  return join(`${journal}.gait`, 'payloads', sha256.slice(0, 2), sha256);
}

describe('append --payload', () => {
  test('keeps a file with the event, under its media type', async () => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    const file = join(folder, 'out.bin');
    writeFileSync(file, BYTES);
    const { code, json } = await gait(append(journal, '--payload', file, '--payload-type', 'image/png', '--json'));
    const payload = { size: BYTES.length, media_type: 'image/png' };
    expect([code, json]).toMatchObject([0, { ok: true, event: { payload }, receipt: { sequence: 1 } }]);
    const text = await gait(append(journal, '--payload', file));
    expect(text.stdout).toMatch(/^payload: media_type=application\/octet-stream sha256=[0-9a-f]{64} size=70000$/m);
  });

  test('- takes standard input, chunk by chunk', async () => {
    const journal = await startedJournal(tempDir());
    const stdin = [BYTES.subarray(0, 10), BYTES.subarray(10)];
    expect((await gait(append(journal, '--payload', '-'), { stdin })).code).toBe(0);
    expect((await readPayload(journal, 1)).payload.size).toBe(BYTES.length);
  });

  test.each([
    ['a file that is not there', ['--payload', '/nowhere/at/all'], 'FILE_NOT_FOUND'],
    ['a folder', ['--payload', '/'], 'INVALID_ARGUMENT'],
    ['a type that is none', ['--payload', '-', '--payload-type', 'text'], 'INVALID_ARGUMENT'],
  ])('%s: exit 6, and nothing is appended or stored', async (_, flags, expected) => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    const before = readFileSync(journal, 'utf8');
    const { code, json } = await gait(append(journal, ...flags, '--json'), { stdin: ['x'] });
    expect([code, json['error_code']]).toEqual([6, expected]);
    expect(readFileSync(journal, 'utf8')).toBe(before);
    expect(Object.entries(snapshot(folder)).filter(([path, text]) => path.includes('payloads') && text !== '')).toEqual(
      [],
    );
  });
});

describe('show --payload', () => {
  test('writes it to a new file, and says what it is', async () => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    await gait(append(journal, '--payload', '-', '--payload-type', 'text/plain'), { stdin: ['what it said'] });
    const out = join(folder, 'out.txt');
    const { code, json } = await gait(show(journal, '--payload', '1', '--out', out, '--json'));
    expect([code, json]).toMatchObject([
      0,
      { ok: true, journal, sequence: 1, out, payload: { media_type: 'text/plain' } },
    ]);
    expect(readFileSync(out, 'utf8')).toBe('what it said');
    const again = await gait(show(journal, '--payload', '1', '--out', out, '--json'));
    expect([again.code, again.json['error_code']]).toEqual([6, 'OUTPUT_EXISTS']);
    expect(await gait(show(journal, '--payload', '1'))).toMatchObject({ code: 0, stdout: 'what it said', stderr: '' });
    expect((await gait(show(journal, '--payload', '1', '--json'))).json).toMatchObject({
      error_code: 'INVALID_ARGUMENT',
    });
  });

  test('hands out no byte of an altered payload: exit 2, no file', async () => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    await gait(append(journal, '--payload', '-'), { stdin: ['what it said'] });
    const file = await payloadFile(journal, 1);
    const bytes = readFileSync(file);
    bytes[33] = (bytes[33] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const out = join(folder, 'out.txt');
    for (const more of [[], ['--out', out]]) {
      const { code, stdout } = await gait(show(journal, '--payload', '1', ...more));
      expect([code, stdout]).toEqual([2, '']);
    }
    expect(existsSync(out)).toBe(false);
    const verified = await gait(['verify', journal, '--json']);
    expect([verified.code, verified.json]).toMatchObject([2, { problems: [{ kind: 'payload_altered', sequence: 1 }] }]);
  });
});

describe('payloads through real pipes', () => {
  test('come out byte for byte as they went in', async () => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    const appended = await runCli(append(journal, '--payload', '-', '--json'), { input: BYTES });
    expect([appended.code, parseLines(appended.stdout)[0]]).toMatchObject([
      0,
      { event: { payload: { size: BYTES.length } } },
    ]);
    const child = spawnCli(show(journal, '--payload', '1'));
    const chunks: Buffer[] = [];
    // As bytes: exitOf() reads text.
    child.stdout.on('data', (chunk: Buffer | string) => chunks.push(Buffer.from(chunk as string, 'latin1')));
    const ended = exitOf(child);
    child.stdout.setEncoding('latin1');
    expect((await ended).code).toBe(0);
    expect(Buffer.concat(chunks).equals(BYTES)).toBe(true);
  });

  test('evidence of several kinds is verified in one run, an object a line', async () => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    await runCli(append(journal));
    await runCli(['run', 'session', 'checkpoint', '--journal', journal, '--out', join(folder, 'cp.zip')]);
    const paths = [journal, join(folder, 'cp.zip'), join(folder, 's1_chain.json')];
    const { code, stdout } = await runCli(['verify', ...paths, '--json']);
    expect([code, parseLines(stdout).map(({ kind }) => kind)]).toEqual([0, ['journal', 'runpack', 'chain']]);
  });
});
