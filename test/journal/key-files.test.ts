import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initKeys, rotateKeys, type InitKeysOptions, type KeyFiles } from '../../src/journal/key-files.js';
import { loadPrivateKey, loadPublicKey } from '../../src/journal/key-source.js';
import { keyId } from '../../src/sign/index.js';
import { caught } from '../sign/caught.js';
import { errnoError, FaultFileSystem } from '../support/fault-file-system.js';
import { tempDir } from '../support/temp-dir.js';

/** The same bytes for the same label, in every run. */
const random =
  (label: string) =>
  (size: number): Uint8Array =>
    createHash('shake256', { outputLength: size }).update(label).digest();

const snapshot = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]));

/** The key ID of the pair on the disk; fails the test when its halves are of different pairs. */
function pairOnDisk({ privateKeyPath, publicKeyPath }: KeyFiles): string {
  const { publicKey } = loadPrivateKey({ path: privateKeyPath });
  if (existsSync(publicKeyPath)) expect(loadPublicKey({ path: publicKeyPath })).toEqual(publicKey);
  return keyId(publicKey);
}

describe('initKeys', () => {
  test('writes both halves as the Go tool does, for the owner alone, and returns where', () => {
    const outDir = join(tempDir(), 'out', 'keys');
    const files = initKeys({ outDir, prefix: 'p1' });
    expect(files).toEqual({
      prefix: 'p1',
      keyId: pairOnDisk(files),
      privateKeyPath: join(outDir, 'p1_private.key'),
      publicKeyPath: join(outDir, 'p1_public.key'),
    });
    expect(readdirSync(outDir).toSorted()).toEqual(['p1_private.key', 'p1_public.key']);
    const [secret, open] = [files.privateKeyPath, files.publicKeyPath].map((path) => readFileSync(path, 'utf8'));
    expect(secret).toMatch(/^[A-Za-z0-9+/]{86}==\n$/);
    expect(open).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
    expect(Buffer.from(secret ?? '', 'base64').subarray(32)).toEqual(Buffer.from(open ?? '', 'base64'));
    for (const path of [files.privateKeyPath, files.publicKeyPath]) expect(statSync(path).mode & 0o777).toBe(0o600);
    for (const path of [outDir, join(outDir, '..')]) expect(statSync(path).mode & 0o777).toBe(0o750);
  });

  test('takes its seed from the randomness it is given, and from the system otherwise', () => {
    const folder = tempDir();
    const make = (prefix: string, options: InitKeysOptions = {}): string =>
      initKeys({ outDir: folder, prefix, ...options }).keyId;
    expect(make('a', { randomBytes: random('x') })).toBe(make('b', { randomBytes: random('x') }));
    expect(make('c')).not.toBe(make('d'));
    expect(caught(() => make('e', { randomBytes: () => Buffer.alloc(31) })).code).toBe('INVALID_ARGUMENT');
    expect(readdirSync(folder)).toHaveLength(8);
  });

  test.each(['private', 'public'])('never overwrites: a %s file that is there stays, and nothing is added', (half) => {
    const outDir = tempDir();
    writeFileSync(join(outDir, `gait_${half}.key`), 'mine');
    const error = caught(() => initKeys({ outDir }));
    expect(error).toMatchObject({ code: 'KEY_EXISTS', category: 'invalid_input' });
    expect(error.details).toMatchObject({ path: join(outDir, `gait_${half}.key`) });
    expect(snapshot(outDir)).toEqual({ [`gait_${half}.key`]: 'mine' });
  });

  test.each(['private', 'public'])('a %s file that somebody makes at the last moment stays', (half) => {
    const outDir = tempDir();
    const path = join(outDir, `gait_${half}.key`);
    const faults = new FaultFileSystem();
    faults.intercept = (call, proceed) => {
      if (call.operation === 'link' && call.args[1] === path) writeFileSync(path, 'mine');
      return proceed();
    };
    expect(caught(() => initKeys({ outDir, fileSystem: faults.fs })).code).toBe('KEY_EXISTS');
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(readdirSync(outDir).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test('replaces a pair when forced, and only then', () => {
    const outDir = tempDir();
    const first = initKeys({ outDir });
    const second = initKeys({ outDir, force: true });
    expect(second.keyId).not.toBe(first.keyId);
    expect(pairOnDisk(second)).toBe(second.keyId);
    expect(readdirSync(outDir)).toHaveLength(2);
    expect(initKeys({ outDir: tempDir(), force: true }).prefix).toBe('gait');
  });

  test('a forced init replaces a link, and leaves alone what it points to', () => {
    const outDir = tempDir();
    const elsewhere = join(tempDir(), 'secret');
    writeFileSync(elsewhere, 'mine');
    for (const half of ['private', 'public']) symlinkSync(elsewhere, join(outDir, `gait_${half}.key`));
    expect(pairOnDisk(initKeys({ outDir, force: true }))).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(elsewhere, 'utf8')).toBe('mine');
  });

  test.each([
    '',
    ' ',
    '.',
    '..',
    '.hidden',
    '../up',
    'a/b',
    'a/../../b',
    '/abs',
    'a\\b',
    'a\0b',
    'a\nb',
    'c:d',
    'end.',
    'x'.repeat(201),
  ])('the prefix %j is refused before anything is made', (prefix) => {
    const folder = tempDir();
    const outDir = join(folder, 'keys');
    expect(caught(() => initKeys({ outDir, prefix })).code).toBe('INVALID_ARGUMENT');
    expect(caught(() => rotateKeys({ outDir, prefix })).code).toBe('INVALID_ARGUMENT');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a blank folder and an option it does not know are refused by name', () => {
    expect(caught(() => initKeys({ outDir: ' ' })).details).toMatchObject({ field: 'out-dir' });
    const misspelt = { outDir: tempDir(), Prefix: 'x' } as InitKeysOptions;
    expect(caught(() => initKeys(misspelt)).details).toMatchObject({ option: 'Prefix' });
    expect(caught(() => rotateKeys({ force: true } as InitKeysOptions)).details).toMatchObject({ option: 'force' });
  });
});

describe('a crash while keys are written', () => {
  /** Runs `write` once for each file operation it makes, cut off before that operation; nothing happens afterwards. */
  function crashes(
    prepare: (outDir: string) => void,
    write: (options: InitKeysOptions) => KeyFiles,
    judge: (outDir: string, completed: KeyFiles | undefined) => string,
  ): string[] {
    const seen = new Set<string>();
    for (let step = 0; ; step++) {
      const outDir = tempDir();
      prepare(outDir);
      const faults = new FaultFileSystem();
      faults.intercept = (_, proceed) => {
        if (faults.calls.length > step) throw errnoError('ECRASHED');
        return proceed();
      };
      let completed: KeyFiles | undefined;
      try {
        completed = write({ outDir, fileSystem: faults.fs, randomBytes: random('new') });
      } catch (error) {
        if (faults.calls.length <= step) throw error;
      }
      seen.add(judge(outDir, completed));
      if (faults.calls.length <= step) return [...seen];
    }
  }

  const stateOf = (outDir: string): string => {
    const half = (name: string): boolean => existsSync(join(outDir, `gait_${name}.key`));
    return `${half('private') ? 'private' : '-'} ${half('public') ? 'public' : '-'}`;
  };
  const paths = (outDir: string): KeyFiles => ({
    prefix: 'gait',
    keyId: '',
    privateKeyPath: join(outDir, 'gait_private.key'),
    publicKeyPath: join(outDir, 'gait_public.key'),
  });

  test('leaves no key, a private key that is whole, or the pair; never a public half alone', () => {
    const states = crashes(
      () => undefined,
      (options) => initKeys(options),
      (outDir) => {
        const state = stateOf(outDir);
        if (state.startsWith('private')) pairOnDisk(paths(outDir));
        return state;
      },
    );
    expect(states).toEqual(['- -', 'private -', 'private public']);
  });

  test('never parts the halves when a pair is replaced', () => {
    const newId = initKeys({ outDir: tempDir(), randomBytes: random('new') }).keyId;
    const states = crashes(
      (outDir) => void initKeys({ outDir, randomBytes: random('old') }),
      (options) => initKeys({ ...options, force: true }),
      (outDir) => `${stateOf(outDir)} ${pairOnDisk(paths(outDir)) === newId ? 'new' : 'old'}`,
    );
    expect(states).toEqual(['private public old', 'private - old', 'private - new', 'private public new']);
  });

  test('loses no key that init has returned', () => {
    const faults = new FaultFileSystem();
    const folder = tempDir();
    const outDir = join(folder, 'keys');
    const { privateKeyPath, publicKeyPath } = initKeys({ outDir, fileSystem: faults.fs });
    const steps = faults.calls
      .filter(({ operation }) => ['sync', 'link', 'syncDirectory'].includes(operation))
      .map(({ operation, args, path }) => (operation === 'link' ? `link ${String(args[1])}` : `${operation} ${path}`))
      .map((step) => step.replace(/\.tmp-.*/, ''));
    expect(steps).toEqual([
      `syncDirectory ${folder}`,
      `sync ${join(outDir, '.gait_private.key')}`,
      `sync ${join(outDir, '.gait_public.key')}`,
      `link ${privateKeyPath}`,
      `syncDirectory ${outDir}`,
      `link ${publicKeyPath}`,
      `syncDirectory ${outDir}`,
    ]);
  });
});

describe('a failure while keys are written', () => {
  test.each([
    ['write', 'ENOSPC', 'DISK_FULL'],
    ['sync', 'EIO', 'IO_ERROR'],
    ['mkdirs', 'EACCES', 'IO_ERROR'],
  ] as const)('of %s keeps the old pair, and leaves nothing else', (operation, errno, code) => {
    const outDir = tempDir();
    initKeys({ outDir });
    const before = snapshot(outDir);
    const faults = new FaultFileSystem();
    // The second of its kind: the private half is written by then.
    const skip = operation === 'mkdirs' ? 0 : 1;
    faults.intercept = (call, proceed) => {
      const nth = faults.calls.filter((other) => other.operation === operation).length;
      if (call.operation === operation && nth > skip) throw errnoError(errno);
      return proceed();
    };
    expect(caught(() => initKeys({ outDir, force: true, fileSystem: faults.fs })).code).toBe(code);
    expect(snapshot(outDir)).toEqual(before);
  });

  test('two forced inits at once end with one whole key, and the loser knows', () => {
    const outDir = tempDir();
    const faults = new FaultFileSystem();
    let other: KeyFiles | undefined;
    faults.intercept = (call, proceed) => {
      const result = proceed();
      if (call.operation === 'rename') other ??= initKeys({ outDir, force: true, randomBytes: random('other') });
      return result;
    };
    expect(caught(() => initKeys({ outDir, force: true, fileSystem: faults.fs })).code).toBe('KEY_EXISTS');
    expect(other).toBeDefined();
    if (other !== undefined) expect(pairOnDisk(other)).toBe(other.keyId);
    expect(readdirSync(outDir)).toEqual(['gait_private.key']);
  });
});

describe('rotateKeys', () => {
  const clock = (): number => Date.parse('2026-11-21T01:33:30.987Z');

  test('writes a new pair beside the old, named for the second in UTC', () => {
    const outDir = tempDir();
    const old = initKeys({ outDir, prefix: 'p1' });
    const rotated = rotateKeys({ outDir, prefix: 'p1', clock });
    expect(rotated.prefix).toBe('p1_20261121T013330Z');
    expect(rotated.privateKeyPath).toBe(join(outDir, 'p1_20261121T013330Z_private.key'));
    expect(pairOnDisk(rotated)).toBe(rotated.keyId);
    expect(pairOnDisk(old)).toBe(old.keyId);
    expect(rotated.keyId).not.toBe(old.keyId);
  });

  test('never overwrites, however many rotations a second has', () => {
    const outDir = tempDir();
    const all = Array.from({ length: 12 }, () => rotateKeys({ outDir, clock }));
    const name = 'gait_20261121T013330Z';
    expect(all.map(({ prefix }) => prefix)).toEqual([
      name,
      ...Array.from({ length: 11 }, (_, n) => `${name}_${n + 2}`),
    ]);
    expect(new Set(all.map(pairOnDisk)).size).toBe(12);
  });

  test('passes by half a pair that a crash left', () => {
    const outDir = tempDir();
    mkdirSync(outDir, { recursive: true });
    writeFileSync(join(outDir, 'gait_20261121T013330Z_public.key'), 'left');
    expect(rotateKeys({ outDir, clock }).prefix).toBe('gait_20261121T013330Z_2');
    expect(readFileSync(join(outDir, 'gait_20261121T013330Z_public.key'), 'utf8')).toBe('left');
  });
});

test("the Go tool's own key files are a pair for us", () => {
  const folder = tempDir();
  cpSync(new URL('../vectors/gait-go/keys/', import.meta.url), folder, { recursive: true });
  const files = {
    prefix: 'gait',
    keyId: '',
    privateKeyPath: join(folder, 'gait_private.key'),
    publicKeyPath: join(folder, 'gait_public.key'),
  };
  chmodSync(files.privateKeyPath, 0o600);
  expect(pairOnDisk(files)).toMatch(/^[0-9a-f]{64}$/);
});
