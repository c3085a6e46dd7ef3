import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';
import { fileOf, oracleKey, plainRecord, signatureOver, signedTrace } from '../trace/oracle.js';
import { gait, snapshot, type GaitResult } from './gait.js';

const vectors = join(repositoryRoot, 'test', 'vectors', 'gait-go');
const goKey = join(vectors, 'keys', 'run_sig_public.key');
const goTrace = (name: string): string => join(vectors, 'traces', name);

/** What the Go tool answered, captured; see the note in the file. */
interface Captured {
  readonly args: readonly string[];
  readonly exit: number;
  readonly output: Readonly<Record<string, unknown>>;
}

const { results } = JSON.parse(readFileSync(join(vectors, 'expected.json'), 'utf8')) as { results: Captured[] };
const captured = results.filter(({ args }) => args[0] === 'trace');

const verify = async (...args: readonly string[]): Promise<GaitResult> => await gait(['trace', 'verify', ...args]);

describe('trace verify on the traces of the Go tool', () => {
  test.each(captured.map(({ args, exit, output }) => [args[2] ?? '', exit, output] as const))(
    '%s exits with %j, and prints the fields of the Go tool',
    async (file, exit, output) => {
      const path = join(vectors, file);
      const { code, json } = await verify(path, '--public-key', goKey, '--json');
      // Codes and hints are ours, and say more.
      const { hint: _, error_code: code_, ...expected } = output;
      expect([code, json]).toEqual([exit, expect.objectContaining({ ...expected, path })]);
      expect(json['error_code']).toBe(code_ === undefined ? undefined : 'SIGNATURE_INVALID');
    },
  );
});

test('trace verify takes the trace as an argument or by --path, and writes nothing', async () => {
  const folder = tempDir();
  const path = join(folder, 'trace.json');
  writeFileSync(path, readFileSync(goTrace('trace1.json')));
  const before = snapshot(folder);
  for (const named of [[path], ['--path', path], ['--', path]]) {
    const { code, json } = await verify('--json', '--public-key', goKey, ...named);
    expect([code, json['ok'], json['path'], json['operation']]).toEqual([0, true, path, 'verify']);
  }
  expect(snapshot(folder)).toEqual(before);
});

test('trace verify says in words what was decided, and by whom it is signed', async () => {
  const { code, stdout, stderr } = await verify(goTrace('t_time.json'), '--public-key', goKey);
  expect(code).toBe(0);
  expect(stdout.split('\n')[0]).toBe(`trace verify ok: ${goTrace('t_time.json')}`);
  expect(stdout).toContain('tool_name=tool.delete verdict=block');
  expect(stdout).toContain('signed by: 62563ef7');
  expect(stderr).toContain('created_at');
});

test('trace verify names every problem, and makes hostile text harmless', async () => {
  const key = oracleKey('cli');
  const path = join(tempDir(), 'trace.json');
  const record = { ...plainRecord, tool_name: 'fs.read\u001b[2J', trace_id: 'wrong' };
  writeFileSync(path, fileOf({ ...record, signature: signatureOver(record, key), 'approved\nby': 'me' }));
  const { code, stdout } = await verify(path, '--public-key', publicKeyFile(key.publicKey));
  expect(code).toBe(2);
  expect(stdout.split('\n')[0]).toBe(`trace verify failed: ${path} (3 problems)`);
  expect(stdout).toMatch(/unsigned_keys\n {2}found: {4}approved by\n/);
  expect(stdout).toContain('problem: trace_id: id_mismatch');
  expect(stdout).not.toContain('\u001b');
});

describe('several traces', () => {
  test('are one object, one entry each', async () => {
    const paths = ['trace1.json', 't_time.json'].map(goTrace);
    const { code, objects, json } = await verify(...paths, '--public-key', goKey, '--json');
    expect([code, objects.length, json['ok']]).toEqual([0, 1, true]);
    expect(json['traces']).toMatchObject(paths.map((path) => ({ ok: true, path, verdict: 'block' })));
  });

  test('are all checked, whatever is wrong with one of them', async () => {
    const paths = [goTrace('gone.json'), goTrace('t_tamper.json'), goTrace('trace1.json')];
    const { code, json } = await verify(...paths, '--public-key', goKey, '--json');
    expect([code, json['ok']]).toEqual([2, false]);
    expect(json['traces']).toMatchObject([
      { ok: false, path: paths[0], error_code: 'FILE_NOT_FOUND' },
      { ok: false, path: paths[1], error_code: 'SIGNATURE_INVALID', verdict: 'allow' },
      { ok: true, path: paths[2] },
    ]);
    const text = await verify(...paths, '--public-key', goKey);
    expect(text.stdout.match(/^trace verify (ok|failed|error)/gm)).toEqual([
      'trace verify error',
      'trace verify failed',
      'trace verify ok',
    ]);
    const [gone = '', , good = ''] = paths;
    expect((await verify(gone, good, '--public-key', goKey)).code).toBe(6);
  });
});

describe('the key of trace verify', () => {
  const key = oracleKey('cli');

  test('may be any of several', async () => {
    const path = join(tempDir(), 'trace.json');
    writeFileSync(path, signedTrace(plainRecord, key));
    const own = publicKeyFile(key.publicKey);
    const keys = ['--public-key', own, '--public-key', goKey];
    const { code, json } = await verify(path, goTrace('trace1.json'), ...keys, '--json');
    expect([code, json['ok']]).toEqual([0, true]);
    expect((await verify(path, '--public-key', goKey)).code).toBe(2);
  });

  test('may be in a variable, or be the private one', async () => {
    const path = join(tempDir(), 'trace.json');
    writeFileSync(path, signedTrace(plainRecord, key));
    const privateText = Buffer.concat([key.seed, key.publicKey]).toString('base64');
    const privateFile = join(tempDir(), 'private.key');
    writeFileSync(privateFile, privateText, { mode: 0o600 });
    const env = { PUBLIC: key.publicKey.toString('base64'), PRIVATE: privateText };
    for (const flags of [
      ['--public-key-env', 'PUBLIC'],
      ['--private-key-env', 'PRIVATE'],
      ['--private-key', privateFile],
    ]) {
      const { code, json } = await gait(['trace', 'verify', path, ...flags, '--json'], { env });
      expect([code, json['signed_by']]).toEqual([0, [key.id]]);
    }
  });

  test.each<[string, readonly string[], string]>([
    ['no key', [goTrace('trace1.json')], 'INVALID_ARGUMENT'],
    [
      'a key named twice over',
      [goTrace('trace1.json'), '--public-key', goKey, '--public-key-env', 'X'],
      'INVALID_ARGUMENT',
    ],
    ['a key that is not there', [goTrace('trace1.json'), '--public-key', 'gone.key'], 'INVALID_KEY'],
    ['no trace', ['--public-key', goKey], 'INVALID_ARGUMENT'],
    ['a trace that is not there', [goTrace('gone.json'), '--public-key', goKey], 'FILE_NOT_FOUND'],
    ['what is no JSON', [goKey, '--public-key', goKey], 'INVALID_JSON'],
  ])('%s is refused with exit 6', async (_, args, errorCode) => {
    const { code, json } = await verify(...args, '--json');
    expect([code, json['ok'], json['error_code']]).toEqual([6, false, errorCode]);
  });
});

function publicKeyFile(publicKey: Uint8Array): string {
  const path = join(tempDir(), 'public.key');
  writeFileSync(path, `${Buffer.from(publicKey).toString('base64')}\n`);
  return path;
}
