import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initKeys, readJournal, readStatus, type JournalLine } from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, snapshot, startedJournal, type GaitResult } from './gait.js';

/** A folder with a journal of one event, and a key pair. */
async function prepared(): Promise<{
  folder: string;
  journal: string;
  privateKey: string;
  publicKey: string;
  keyId: string;
}> {
  const folder = tempDir();
  const journal = await startedJournal(folder);
  await append(journal);
  const { privateKeyPath, publicKeyPath, keyId } = initKeys({ outDir: join(folder, 'keys') });
  return { folder, journal, privateKey: privateKeyPath, publicKey: publicKeyPath, keyId };
}

async function append(journal: string, ...more: readonly string[]): Promise<GaitResult> {
  const args = ['run', 'session', 'append', '--journal', journal, '--tool', 'fs.read', '--verdict', 'allow', ...more];
  return await gait(args);
}

async function seal(command: 'checkpoint' | 'close', journal: string, ...more: readonly string[]): Promise<GaitResult> {
  return await gait(['run', 'session', command, '--journal', journal, ...more]);
}

/** Every file but the guards, in which the lock keeps its books. */
function kept(folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(snapshot(folder)).filter(([path]) => !path.endsWith('.gait/guard')));
}

describe('run session checkpoint', () => {
  test('prints what it sealed: the checkpoint of the journal, its place in the log, the note, the chain', async () => {
    const { folder, journal, privateKey, keyId } = await prepared();
    const outputs = ['--out', join(folder, 'cp1.zip'), '--note-out', join(folder, 's1.note')];
    const { code, json, stderr } = await seal('checkpoint', journal, ...outputs, '--private-key', privateKey, '--json');
    expect([code, stderr]).toEqual([0, '']);
    const lines: JournalLine[] = [];
    for await (const line of readJournal(journal)) lines.push(line);
    const last = lines.at(-1);
    expect(json).toMatchObject({ ok: true, operation: 'checkpoint', journal, leaf_index: lines.length - 1 });
    if (last?.recordType !== 'checkpoint') throw new Error('the last line is no checkpoint');
    expect(json['checkpoint']).toEqual(last.checkpoint);
    expect(last.checkpoint.signature?.key_id).toBe(keyId);
    expect(json['note']).toBe(last.note);
    expect(readFileSync(join(folder, 's1.note'), 'utf8')).toBe(last.note);
    expect(json['chain_path']).toBe(join(folder, 's1_chain.json'));
    for (const name of ['cp1.zip', 's1_chain.json']) expect(existsSync(join(folder, name)), name).toBe(true);
  });

  test('tells people the same in the lines of the Go tool', async () => {
    const { folder, journal, privateKey, keyId } = await prepared();
    await append(journal);
    const { code, stdout } = await seal(
      'checkpoint',
      journal,
      '--out',
      join(folder, 'cp1.zip'),
      '--private-key',
      privateKey,
    );
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      `session checkpoint: index=1 runpack=${join(folder, 'cp1.zip')} range=1..2`,
      `session chain: ${join(folder, 's1_chain.json')}`,
    ]);
    expect(stdout).toContain(`signed by: ${keyId}`);
  });

  test('without a key or a file it only seals, and says that nobody signed', async () => {
    const { folder, journal } = await prepared();
    const { code, stdout, stderr } = await seal('checkpoint', journal);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^session checkpoint: index=1 range=1\.\.1$/m);
    expect(stdout).toContain('signed by: nobody');
    expect(existsSync(join(folder, 's1_chain.json'))).toBe(false);
  });

  test('takes the key from the environment', async () => {
    const { journal, privateKey, keyId } = await prepared();
    const env = { SIGNING: readFileSync(privateKey, 'utf8').trim() };
    const args = ['run', 'session', 'checkpoint', '--journal', journal, '--private-key-env', 'SIGNING', '--json'];
    const { json } = await gait(args, { env });
    expect(json).toMatchObject({ checkpoint: { signature: { key_id: keyId } } });
  });

  test('warns that a dev key proves nothing elsewhere, on stderr, and in JSON in the object', async () => {
    const { journal } = await prepared();
    const text = await seal('checkpoint', journal, '--key-mode', 'dev');
    expect([text.code, text.stdout.includes('ephemeral'), text.stderr.includes('ephemeral')]).toEqual([0, false, true]);
    await append(journal);
    const { json, stderr } = await seal('checkpoint', journal, '--key-mode', 'dev', '--json');
    expect([json['warnings'], stderr]).toEqual([[expect.stringContaining('ephemeral')], '']);
  });

  test.each<[string, string, (folder: string) => string[]]>([
    ['nothing new', 'NOTHING_TO_SEAL', () => []],
    ['a pack over a file', 'OUTPUT_EXISTS', (folder) => ['--out', join(folder, 'there')]],
    ['a pack over the journal', 'OUTPUT_EXISTS', (folder) => ['--out', join(folder, 's1.jsonl')]],
    ['a chain over a file', 'OUTPUT_EXISTS', (folder) => ['--chain-out', join(folder, 'there')]],
    [
      'a note over the journal',
      'OUTPUT_EXISTS',
      (folder) => ['--note-out', join(folder, 's1.jsonl'), '--key-mode', 'dev'],
    ],
    ['a note without a key', 'INVALID_ARGUMENT', (folder) => ['--note-out', join(folder, 'n')]],
    ['a pack outside the working folder', 'INVALID_PATH', () => ['--out', '../x.zip']],
  ])('%s: exit 6, and every file as it was', async (name, expected, flags) => {
    const { folder, journal } = await prepared();
    writeFileSync(join(folder, 'there'), 'mine');
    if (name === 'nothing new') await seal('checkpoint', journal);
    const before = kept(folder);
    const { code, json } = await seal('checkpoint', journal, ...flags(folder), '--json');
    expect([code, json['error_code'], json['operation']]).toEqual([6, expected, 'checkpoint']);
    expect(kept(folder)).toEqual(before);
  });

  test('--rebuild-chain makes a lost chain again, here and elsewhere, and seals nothing (W29)', async () => {
    const { folder, journal } = await prepared();
    await seal('checkpoint', journal, '--out', join(folder, 'cp1.zip'));
    await append(journal);
    const chain = join(folder, 's1_chain.json');
    const [before, lines] = [readFileSync(chain, 'utf8'), readFileSync(journal, 'utf8')];
    rmSync(chain);
    mkdirSync(join(folder, 'other'));
    const second = join(folder, 'other', 's1_chain.json');
    const { code, json } = await seal('checkpoint', journal, '--rebuild-chain', '--chain-out', second, '--json');
    expect([code, json['chain_path']]).toEqual([0, chain]);
    expect([readFileSync(chain, 'utf8'), readFileSync(second, 'utf8')]).toEqual([before, before]);
    expect(readFileSync(journal, 'utf8')).toBe(lines);
    expect((await seal('checkpoint', journal, '--rebuild-chain')).stdout).toBe(`session chain: ${chain}\n`);
  });

  test('--with-payloads carries them in the pack', async () => {
    const { folder, journal } = await prepared();
    writeFileSync(join(folder, 'evidence'), 'what the tool said');
    await append(journal, '--payload', join(folder, 'evidence'));
    const without = join(folder, 'a.zip');
    await seal('checkpoint', journal, '--out', without);
    await append(journal, '--payload', join(folder, 'evidence'));
    const carrying = join(folder, 'b.zip');
    await seal('checkpoint', journal, '--out', carrying, '--with-payloads');
    const [few, more] = [await gait(['verify', without, '--json']), await gait(['verify', carrying, '--json'])];
    expect([few.code, more.code]).toEqual([0, 0]);
    expect(more.json['files_checked']).toBe(Number(few.json['files_checked']) + 1);
  });
});

describe('run session close', () => {
  test('ends the session: nothing more can be appended, everything is sealed', async () => {
    const { journal, privateKey, publicKey } = await prepared();
    const { code, json } = await seal('close', journal, '--private-key', privateKey, '--json');
    expect([code, json]).toMatchObject([0, { ok: true, operation: 'close', already_closed: false, journal }]);
    expect(await readStatus(journal)).toMatchObject({ closed: true, last_sequence: 2, last_checkpoint_sequence: 2 });
    expect((await append(journal, '--json')).json).toMatchObject({ error_code: 'SESSION_CLOSED' });
    const strict = await gait(['verify', journal, '--profile', 'strict', '--public-key', publicKey]);
    expect([strict.code, strict.stderr]).toEqual([0, '']);
    expect(strict.stdout).toContain(', closed');
  });

  test('a second time says so, changes nothing and exits 0', async () => {
    const { folder, journal, privateKey, keyId } = await prepared();
    const first = await seal('close', journal, '--private-key', privateKey, '--json');
    const before = kept(folder);
    const { code, json } = await seal('close', journal, '--private-key', privateKey, '--json');
    expect([code, json]).toMatchObject([0, { ok: true, already_closed: true, checkpoint: first.json['checkpoint'] }]);
    const { stdout } = await seal('close', journal);
    expect(stdout).toContain('already closed');
    expect(stdout).toContain(keyId);
    expect(kept(folder)).toEqual(before);
  });

  test('a second time is refused when it asks for what is not there: a signature, a file', async () => {
    const { folder, journal, privateKey } = await prepared();
    await seal('close', journal);
    const before = kept(folder);
    for (const flags of [
      ['--private-key', privateKey],
      ['--out', join(folder, 'x.zip')],
      ['--chain-out', join(folder, 'c')],
    ]) {
      const { code, json } = await seal('close', journal, ...flags, '--json');
      expect([flags[0], code, json['error_code']]).toEqual([flags[0], 6, 'NOTHING_TO_SEAL']);
    }
    expect(kept(folder)).toEqual(before);
  });

  test('writes the last pack, chain and note', async () => {
    const { folder, journal, privateKey } = await prepared();
    const outputs = [
      '--out',
      join(folder, 'last.zip'),
      '--note-out',
      join(folder, 'n'),
      '--chain-out',
      join(folder, 'c'),
    ];
    const { code, stdout } = await seal('close', journal, ...outputs, '--private-key', privateKey);
    expect([code, stdout.split('\n')[0]]).toEqual([
      0,
      `session close: index=1 runpack=${join(folder, 'last.zip')} range=1..2`,
    ]);
    for (const name of ['last.zip', 'n', 'c', 's1_chain.json']) expect(existsSync(join(folder, name)), name).toBe(true);
  });
});
