import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { initKeys, proveConsistency, proveInclusion } from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { eventLine, gait, snapshot, startedJournal } from './gait.js';

let folder: string;
let journal: string;
let publicKey: string;

beforeAll(async () => {
  folder = tempDir();
  journal = await startedJournal(folder);
  const keys = initKeys({ outDir: join(folder, 'keys') });
  publicKey = keys.publicKeyPath;
  const session = ['run', 'session'];
  await gait([...session, 'append', '--journal', journal, '--stdin'], { stdin: [eventLine().repeat(9)] });
  await gait([...session, 'checkpoint', '--journal', journal, '--private-key', keys.privateKeyPath]);
  await gait([...session, 'append', '--journal', journal, '--tool', 'later', '--verdict', 'allow']);
});

describe('prove', () => {
  test.each([
    ['--sequence', '4', 'inclusion_proof', async () => await proveInclusion(journal, 4)],
    ['--from-size', '3', 'consistency_proof', async () => await proveConsistency(journal, 3)],
  ])('%s %s writes a file that verify checks with the public key alone', async (flag, value, kind, library) => {
    const out = join(tempDir(), 'proof');
    const { code, json } = await gait(['prove', '--journal', journal, flag, value, '--out', out, '--json']);
    const { text, ...facts } = await library();
    expect([code, json]).toMatchObject([0, { ok: true, operation: 'prove', journal, kind, out, ...facts }]);
    expect(readFileSync(out, 'utf8')).toBe(text);
    const verified = await gait(['verify', out, '--public-key', publicKey, '--json']);
    expect([verified.code, verified.json]).toMatchObject([0, { ok: true, kind, signature_status: 'verified' }]);
    const told = await gait(['verify', out, '--public-key', publicKey]);
    expect(told.stdout).toContain(`verify ok: ${out}\n`);
    expect(told.stdout).toContain(`signed by: ${String((verified.json['signed_by'] as string[])[0])}\n`);
    expect(told.stdout).toMatch(/^proves: /m);
    expect(told.stderr).toBe('');
  });

  test('prints the proof itself where no file is named, or -', async () => {
    const { text } = await proveInclusion(journal, 2);
    for (const more of [[], ['--out', '-']]) {
      const args = ['prove', '--journal', journal, '--sequence', '2', ...more];
      expect(await gait(args)).toMatchObject({ code: 0, stdout: text, stderr: '' });
      expect((await gait([...args, '--json'])).json).toMatchObject({ ok: true, sequence: 2, proof: text });
    }
  });

  test('replaces no file, and proves no event that no signature covers', async () => {
    const before = snapshot(folder);
    const there = ['prove', '--journal', journal, '--sequence', '2', '--out', publicKey, '--json'];
    const later = ['prove', '--journal', journal, '--sequence', '10', '--json'];
    const large = ['prove', '--journal', journal, '--from-size', '11', '--json'];
    for (const [args, expected] of [
      [there, 'OUTPUT_EXISTS'],
      [later, 'NOT_SEALED'],
      [large, 'INVALID_ARGUMENT'],
    ] as const) {
      const { code, json } = await gait(args);
      expect([code, json['error_code']]).toEqual([6, expected]);
    }
    expect(snapshot(folder)).toEqual(before);
  });

  test('a proof of a changed event fails, and says that its line is not in the log', async () => {
    const { text } = await proveInclusion(journal, 2);
    const other = await proveInclusion(journal, 3);
    const extra = (proof: string): string => proof.split('\n').find((line) => line.startsWith('extra ')) ?? '';
    const forged = join(tempDir(), 'forged');
    writeFileSync(forged, text.replace(extra(text), extra(other.text)));
    const { code, json } = await gait(['verify', forged, '--public-key', publicKey, '--json']);
    expect([code, json]).toMatchObject([2, { ok: false, problems: [{ kind: 'proof_invalid' }] }]);
    const told = await gait(['verify', forged, '--public-key', publicKey]);
    expect([told.code, told.stdout]).toEqual([2, expect.stringMatching(/^claims: /m)]);
  });

  test('an interrupted proof is none', async () => {
    const out = join(tempDir(), 'proof');
    const args = ['prove', '--journal', journal, '--sequence', '2', '--out', out];
    const { code, stdout } = await gait(args, { onListening: (interrupt) => interrupt('SIGINT') });
    expect([code, stdout]).toEqual([130, '']);
    expect(snapshot(join(out, '..'))).toEqual({});
  });
});
