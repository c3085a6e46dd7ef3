import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, snapshot } from './gait.js';

async function newKey(folder: string, ...flags: readonly string[]): Promise<Record<string, string>> {
  const { code, json } = await gait(['keys', 'init', '--out-dir', folder, ...flags, '--json']);
  expect(code).toBe(0);
  return json as Record<string, string>;
}

describe('gait keys init', () => {
  test("prints the Go tool's fields", async () => {
    const folder = tempDir();
    const { json } = await gait(['keys', 'init', '--out-dir', folder, '--prefix', 'p1', '--json']);
    expect(json).toEqual({
      ok: true,
      operation: 'init',
      correlation_id: expect.any(String) as string,
      key_id: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      prefix: 'p1',
      private_key_path: join(folder, 'p1_private.key'),
      public_key_path: join(folder, 'p1_public.key'),
    });
    expect(readdirSync(folder).toSorted()).toEqual(['p1_private.key', 'p1_public.key']);
  });

  test('writes gait-out/keys/gait_*.key in the working directory by default', async () => {
    const cwd = tempDir();
    const { code, stdout } = await runCli(['keys', 'init'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('private_key_path=gait-out/keys/gait_private.key');
    expect(statSync(join(cwd, 'gait-out/keys/gait_private.key')).mode & 0o777).toBe(0o600);
    // Whoever reads the output of a build must not find the key in it.
    expect(stdout).not.toContain(readFileSync(join(cwd, 'gait-out/keys/gait_private.key'), 'utf8').slice(0, 16));
  });

  test('keeps a key that is there, exits 6, and replaces it with --force', async () => {
    const folder = tempDir();
    const first = await newKey(folder);
    const before = snapshot(folder);
    const { code, json } = await gait(['keys', 'init', '--out-dir', folder, '--json']);
    expect(code).toBe(6);
    expect(json).toMatchObject({ ok: false, error_code: 'KEY_EXISTS', error_category: 'invalid_input' });
    expect(snapshot(folder)).toEqual(before);
    const second = await newKey(folder, '--force');
    expect(second['key_id']).not.toBe(first['key_id']);
  });

  test.each(['../escape', '..', 'a/b', '.hidden'])('refuses the prefix %s, which leaves the folder', async (prefix) => {
    const folder = tempDir();
    const { code, json } = await gait(['keys', 'init', '--out-dir', join(folder, 'k'), '--prefix', prefix, '--json']);
    expect([code, json['error_code']]).toEqual([6, 'INVALID_ARGUMENT']);
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('gait keys rotate adds a pair and keeps the old one', async () => {
  const folder = tempDir();
  const old = await newKey(folder, '--prefix', 'p1');
  const before = snapshot(folder);
  const rotations = [0, 1].map(
    async () => await gait(['keys', 'rotate', '--out-dir', folder, '--prefix', 'p1', '--json']),
  );
  for (const { code, json } of await Promise.all(rotations)) {
    expect(code).toBe(0);
    expect(json['prefix']).toMatch(/^p1_\d{8}T\d{6}Z(_2)?$/);
    expect(json['key_id']).not.toBe(old['key_id']);
    expect(json['private_key_path']).toBe(join(folder, `${String(json['prefix'])}_private.key`));
  }
  expect(readdirSync(folder)).toHaveLength(6);
  expect(snapshot(folder)).toMatchObject(before);
});

describe('gait keys verify', () => {
  test('says which key it is and where its halves came from', async () => {
    const { key_id, private_key_path: path = '', public_key_path: open = '' } = await newKey(tempDir());
    const derived = await gait(['keys', 'verify', '--private-key', path, '--json']);
    expect([derived.code, derived.json]).toEqual([
      0,
      {
        ok: true,
        operation: 'verify',
        correlation_id: expect.any(String) as string,
        key_id,
        private_key_source: `path:${path}`,
        public_key_source: 'derived',
      },
    ]);
    const env = { K: readFileSync(path, 'utf8'), P: readFileSync(open, 'utf8') };
    const given = await gait(['keys', 'verify', '--private-key-env', 'K', '--public-key-env=P', '--json'], { env });
    expect(given.json).toMatchObject({ ok: true, key_id, private_key_source: 'env:K', public_key_source: 'env:P' });
    const text = await gait(['keys', 'verify', '--private-key-env', 'K'], { env });
    expect(text.stdout).toBe(
      `keys verify: key_id=${String(key_id)} private_key_source=env:K public_key_source=derived\n`,
    );
  });

  test('exits 6 for every key that cannot be used, and prints none of it', async () => {
    const { private_key_path: path = '' } = await newKey(tempDir());
    const { public_key_path: foreign = '' } = await newKey(tempDir());
    const secret = readFileSync(path, 'utf8').trim();
    const shared = join(tempDir(), 'shared.key');
    writeFileSync(shared, secret);
    chmodSync(shared, 0o644);
    const cases: readonly [args: readonly string[], code: string][] = [
      [[], 'INVALID_ARGUMENT'],
      [['--public-key', foreign], 'INVALID_ARGUMENT'],
      [['--private-key', path, '--private-key-env', 'K'], 'INVALID_ARGUMENT'],
      [['--private-key-env', 'UNSET'], 'INVALID_ARGUMENT'],
      [['--private-key', secret], 'INVALID_ARGUMENT'],
      [['--private-key-env', secret], 'INVALID_ARGUMENT'],
      [['--private-key', path, '--public-key', foreign], 'INVALID_KEY'],
      [['--private-key', `${path}.gone`], 'INVALID_KEY'],
      [['--private-key', foreign], 'INVALID_KEY'],
      [['--private-key-env', 'CUT'], 'INVALID_KEY'],
      [['--private-key', shared], 'KEY_PERMISSIONS'],
    ];
    for (const [args, expected] of cases) {
      for (const json of [['--json'], []]) {
        const env = { K: secret, CUT: secret.slice(1) };
        const { code, stdout, stderr } = await gait(['keys', 'verify', ...args, ...json], { env });
        expect([args, code]).toEqual([args, 6]);
        if (json.length > 0) expect(JSON.parse(stdout)).toMatchObject({ ok: false, error_code: expected });
        expect(stdout + stderr).not.toContain(secret.slice(1, 20));
      }
    }
  });
});

describe('gait keys vkey', () => {
  // The note key that the specification of C2SP signed notes shows.
  const vkey = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
  const publicKey = Buffer.from(vkey.slice(25), 'base64').subarray(1).toString('base64');

  test('prints the vkey of a public key and the name of a log, alone on stdout', async () => {
    const args = ['keys', 'vkey', '--name', 'example.com/foo', '--public-key-env', 'P'];
    const { code, stdout, stderr } = await gait(args, { env: { P: publicKey } });
    expect([code, stdout, stderr]).toEqual([0, `${vkey}\n`, '']);
    const { json } = await gait([...args, '--json'], { env: { P: publicKey } });
    expect(json).toMatchObject({ ok: true, vkey, name: 'example.com/foo' });
    expect(json['key_id']).toMatch(/^[0-9a-f]{64}$/);
  });

  test("names a session's log as its checkpoints do, and is taken back as a public key", async () => {
    const { key_id, private_key_path: path = '' } = await newKey(tempDir());
    const { json } = await gait(['keys', 'vkey', '--session', 'a b', '--private-key', path, '--json']);
    expect(json).toMatchObject({ ok: true, name: 'gait/a%20b', key_id });
    const args = ['keys', 'verify', '--private-key', path, '--public-key', String(json['vkey']), '--json'];
    expect((await gait(args)).json).toMatchObject({ ok: true, key_id });
  });

  test.each([
    ['no key', ['--session', 's1']],
    ['no log', ['--public-key-env', 'P']],
    ['two names of the log', ['--session', 's1', '--name', 'x', '--public-key-env', 'P']],
    ['a name that no note can hold', ['--name', 'a b', '--public-key-env', 'P']],
  ])('exits 6 for %s', async (_, args) => {
    const { code, json } = await gait(['keys', 'vkey', ...args, '--json'], { env: { P: publicKey } });
    expect([code, json['ok']]).toEqual([6, false]);
  });
});
