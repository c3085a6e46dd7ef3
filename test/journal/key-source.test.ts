import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initKeys } from '../../src/journal/key-files.js';
import { loadPrivateKey, loadPublicKey, type KeySource } from '../../src/journal/key-source.js';
import { resolveSigningKey, resolveVerifyKey, verifyKeyPair, type KeyMode } from '../../src/journal/signing-key.js';
import type { GaitError } from '../../src/errors.js';
import {
  formatPrivateKey,
  formatPublicKey,
  formatVkey,
  keyId,
  keyPairFromSeed,
  noteKey,
  sha256,
} from '../../src/sign/index.js';
import { caught } from '../sign/caught.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { tempDir } from '../support/temp-dir.js';

const pair = keyPairFromSeed(sha256('key source test'));
const other = keyPairFromSeed(sha256('another key'));
const secret = formatPrivateKey(pair);
const vkey = formatVkey(noteKey('gait/s1', pair.publicKey));

function file(content: string | Uint8Array, mode = 0o600): string {
  const path = join(tempDir(), 'key');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

/** Everything an error says, to anybody. */
function shown(error: GaitError): string {
  const causes: unknown[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) causes.push(cause.message, cause.stack);
  return JSON.stringify([error.message, error.hint, error.details, causes]);
}

describe('a private key', () => {
  test('comes from a file or from an environment variable', () => {
    expect(loadPrivateKey({ path: file(secret) })).toEqual(pair);
    expect(loadPrivateKey({ path: ` ${file(secret, 0o400)} ` })).toEqual(pair);
    expect(loadPrivateKey({ env: 'SIGNING_KEY' }, { env: { SIGNING_KEY: ` ${secret}\n` } })).toEqual(pair);
    expect(loadPrivateKey({ path: '', env: 'SIGNING_KEY' }, { env: { SIGNING_KEY: secret } })).toEqual(pair);
  });

  test('comes from the environment of the process unless another is given', () => {
    process.env['GAIT_TEST_SIGNING_KEY'] = secret;
    try {
      expect(loadPrivateKey({ env: 'GAIT_TEST_SIGNING_KEY' })).toEqual(pair);
      expect(caught(() => loadPrivateKey({ env: 'GAIT_TEST_SIGNING_KEY' }, { env: {} })).code).toBe('INVALID_ARGUMENT');
    } finally {
      delete process.env['GAIT_TEST_SIGNING_KEY'];
    }
  });

  test('is read through a link, as secrets are mounted, and the mode that counts is that of the file', () => {
    const link = join(tempDir(), 'link');
    const target = file(secret);
    symlinkSync(target, link);
    expect(loadPrivateKey({ path: link })).toEqual(pair);
    chmodSync(target, 0o644);
    expect(caught(() => loadPrivateKey({ path: link })).code).toBe('KEY_PERMISSIONS');
  });

  test.runIf(process.platform !== 'win32').each([0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777])(
    'in a file of mode 0%o is refused: the group or others may use it',
    (mode) => {
      const path = file(secret, mode);
      const error = caught(() => loadPrivateKey({ path }));
      expect(error).toMatchObject({ code: 'KEY_PERMISSIONS', category: 'invalid_input' });
      expect(error.details).toEqual({ path, mode: `0${mode.toString(8)}` });
    },
  );

  test.each<[string, KeySource]>([
    ['no source', {}],
    ['a blank source', { path: ' ', env: '' }],
    ['two sources', { path: '/key', env: 'KEY' }],
    ['an unset variable', { env: 'KEY' }],
    ['an empty variable', { env: 'EMPTY' }],
  ])('%s is refused', (_, source) => {
    const env = { EMPTY: ' \n' };
    for (const load of [loadPrivateKey, loadPublicKey]) {
      expect(caught(() => load(source, { env })).code).toBe('INVALID_ARGUMENT');
    }
  });

  test('an unset variable is named', () => {
    expect(caught(() => loadPrivateKey({ env: 'DEPLOY_KEY' }, { env: {} })).details).toMatchObject({
      env: 'DEPLOY_KEY',
    });
  });

  test.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'wrong_size'],
    ['a public key', formatPublicKey(pair.publicKey), 'wrong_size'],
    ['the halves of two pairs', Buffer.concat([pair.seed, other.publicKey]).toString('base64'), 'mismatch'],
    ['a key in PEM', '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n', 'not_base64'],
    ['bytes that are no text', pair.seed, 'not_base64'],
    ['more than any key has', `${secret}${' '.repeat(5_000)}`, 'too_long'],
  ])('in a file with %s is refused, naming the file', (_, content, reason) => {
    const path = file(content);
    const error = caught(() => loadPrivateKey({ path }));
    expect(error.code).toBe('INVALID_KEY');
    expect(error.details).toMatchObject({ kind: 'private', reason, path });
  });

  test('in a file that is not there, or is none, is refused without hanging', () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'folder'), { mode: 0o700 });
    for (const path of [join(folder, 'gone'), join(folder, 'folder'), join(folder, 'gone', 'key'), 'a\0b']) {
      const error = caught(() => loadPrivateKey({ path }));
      expect(error).toMatchObject({ code: 'INVALID_KEY', category: 'invalid_input' });
      expect(error.details).toMatchObject({ path });
    }
  });

  test('a disk that does not read is no wrong key', () => {
    const path = file(secret);
    const faults = new FaultFileSystem();
    faults.fail('read', path, 'EIO');
    expect(caught(() => loadPrivateKey({ path }, { fileSystem: faults.fs })).code).toBe('IO_ERROR');
    const count = (operation: string): number => faults.calls.filter((call) => call.operation === operation).length;
    expect([count('open'), count('close')]).toEqual([1, 1]);
  });

  test('an environment with an option that is not known is refused', () => {
    const environment = { filesystem: {} } as object;
    expect(caught(() => loadPrivateKey({ path: file(secret) }, environment)).details).toEqual({ option: 'filesystem' });
  });

  const trimmed = secret.trim();
  const hex = pair.seed.toString('hex');
  test.each<[string, () => unknown]>([
    ['given in place of a path', () => loadPrivateKey({ path: secret })],
    ['given in place of a name', () => loadPrivateKey({ env: secret }, { env: {} })],
    ['given as a seed in hex in place of a path', () => loadPrivateKey({ path: hex })],
    ['given as a seed in base64 in place of a name', () => loadPrivateKey({ env: pair.seed.toString('base64') })],
    ['given in place of a public key', () => loadPublicKey({ path: trimmed })],
    ['given twice', () => loadPrivateKey({ path: trimmed, env: trimmed })],
    ['cut short in a file', () => loadPrivateKey({ path: file(trimmed.slice(0, -4)) })],
    ['cut short in a variable', () => loadPrivateKey({ env: 'K' }, { env: { K: trimmed.slice(0, -4) } })],
    ['of two halves', () => loadPrivateKey({ env: 'K' }, { env: { K: `${trimmed.slice(0, -5)}A==` } })],
    ['in a shared file', () => loadPrivateKey({ path: file(secret, 0o644) })],
    ['in a file named as public', () => loadPublicKey({ path: file(secret) })],
    ['in a variable named as public', () => loadPublicKey({ env: 'K' }, { env: { K: secret } })],
  ])('%s is refused, and nothing of it is in the error', (_, load) => {
    const text = shown(caught(load));
    for (const part of [trimmed, hex, pair.seed.toString('base64')]) expect(text).not.toContain(part.slice(0, 16));
  });
});

describe('a public key', () => {
  test.each([
    ['as the Go tool writes it', formatPublicKey(pair.publicKey)],
    ['as a vkey', `${vkey}\n`],
  ])('comes from a file or a variable, %s, whoever may read it', (_, text) => {
    expect(loadPublicKey({ path: file(text, 0o644) })).toEqual(pair.publicKey);
    expect(loadPublicKey({ env: 'PUBLIC' }, { env: { PUBLIC: text } })).toEqual(pair.publicKey);
  });

  test('may be given as the text of a vkey itself', () => {
    expect(loadPublicKey({ path: vkey })).toEqual(pair.publicKey);
  });

  test.each([
    ['the ID of another key', vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), 'wrong_id'],
    ['another name', vkey.replace('gait/s1', 'gait/s2'), 'wrong_id'],
    ['half of it', vkey.slice(0, -4), 'malformed'],
  ])('as a vkey with %s is refused, wherever it stands', (_, text, reason) => {
    for (const source of [{ path: text }, { path: file(text) }, { env: 'PUBLIC' }]) {
      const error = caught(() => loadPublicKey(source, { env: { PUBLIC: text } }));
      expect(error.code).toBe('INVALID_KEY');
      expect(error.details).toMatchObject({ kind: 'vkey', reason });
    }
  });
});

describe('the signing key', () => {
  const privateKey = { env: 'PRIVATE' };
  const environment = {
    env: { PRIVATE: secret, PUBLIC: formatPublicKey(pair.publicKey), OTHER: formatPublicKey(other.publicKey) },
  };

  test('is none when neither a mode nor a key is named', () => {
    expect(resolveSigningKey({}, environment)).toBeUndefined();
    expect(resolveSigningKey({ privateKey: { path: ' ' }, publicKey: {} }, environment)).toBeUndefined();
  });

  test('is the named one in prod mode, which a named key implies', () => {
    for (const options of [{}, { mode: 'prod' }, { publicKey: { env: 'PUBLIC' } }] as const) {
      expect(resolveSigningKey({ privateKey, ...options }, environment)).toEqual({ pair, warnings: [] });
    }
  });

  test('is another one at every call in dev mode, and a warning says so', () => {
    const [first, second] = [0, 1].map(() => resolveSigningKey({ mode: 'dev' }, environment));
    expect(first?.warnings).toHaveLength(1);
    expect(first?.pair.seed).not.toEqual(second?.pair.seed);
    const fixed = resolveSigningKey({ mode: 'dev' }, { randomBytes: () => pair.seed });
    expect(fixed?.pair).toEqual(pair);
  });

  test.each([
    ['a private key in dev mode', { mode: 'dev', privateKey }, 'INVALID_ARGUMENT'],
    ['a public key in dev mode', { mode: 'dev', publicKey: { env: 'PUBLIC' } }, 'INVALID_ARGUMENT'],
    ['no private key in prod mode', { mode: 'prod' }, 'INVALID_ARGUMENT'],
    ['a public key alone', { publicKey: { env: 'PUBLIC' } }, 'INVALID_ARGUMENT'],
    ['an unknown mode', { mode: 'test' as KeyMode, privateKey }, 'INVALID_ARGUMENT'],
    ['the public key of another pair', { privateKey, publicKey: { env: 'OTHER' } }, 'INVALID_KEY'],
  ] as const)('%s is refused', (_, options, code) => {
    expect(caught(() => resolveSigningKey(options, environment)).code).toBe(code);
  });

  test('the key to verify with is the public one, else derived from the private one, else none', () => {
    expect(resolveVerifyKey({ privateKey, publicKey: { env: 'OTHER' } }, environment)).toEqual(other.publicKey);
    expect(resolveVerifyKey({ privateKey }, environment)).toEqual(pair.publicKey);
    expect(resolveVerifyKey({}, environment)).toBeUndefined();
  });
});

describe('verifyKeyPair', () => {
  test('names the key and where each half came from', () => {
    const files = initKeys({ outDir: tempDir() });
    const privateKey = { path: files.privateKeyPath };
    const report = { keyId: files.keyId, privateKeySource: `path:${files.privateKeyPath}` };
    expect(verifyKeyPair({ privateKey })).toEqual({ ...report, publicKeySource: 'derived' });
    expect(verifyKeyPair({ privateKey, publicKey: { path: files.publicKeyPath } })).toEqual({
      ...report,
      publicKeySource: `path:${files.publicKeyPath}`,
    });
    const env = { K: secret };
    expect(verifyKeyPair({ privateKey: { env: 'K' }, publicKey: { path: vkey } }, { env })).toEqual({
      keyId: keyId(pair.publicKey),
      privateKeySource: 'env:K',
      publicKeySource: `vkey:${vkey}`,
    });
  });

  test('needs a private key, and refuses halves that do not belong together', () => {
    const publicKey = { path: file(formatPublicKey(other.publicKey)) };
    expect(caught(() => verifyKeyPair({ publicKey })).code).toBe('INVALID_ARGUMENT');
    const error = caught(() => verifyKeyPair({ privateKey: { path: file(secret) }, publicKey }));
    expect(error).toMatchObject({ code: 'INVALID_KEY', category: 'invalid_input' });
    expect(error.details).toMatchObject({ reason: 'mismatch' });
  });
});
