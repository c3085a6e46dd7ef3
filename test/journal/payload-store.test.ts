import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listPayloadLeftovers, listPayloads, payloadPath, SALT_BYTES } from '../../src/journal/payload-files.js';
import { checkPayload, openPayload } from '../../src/journal/payload-reader.js';
import { storePayload, type PayloadContent } from '../../src/journal/payload-store.js';
import { resolveWorld } from '../../src/journal/settings.js';
import { resolveJournalPaths, type FileSystem, type JournalPaths } from '../../src/journal/store/index.js';
import type { PayloadRef } from '../../src/journal/types.js';
import { errnoError, FaultFileSystem, type FileCall } from '../support/fault-file-system.js';
import { tempDir } from '../support/temp-dir.js';

const realFs = resolveWorld({}).fs;
const MIB = 1024 * 1024;

let salts = 0;
/** Different at every call, as salt must be, and the same in every run. */
const randomBytes = (size: number): Uint8Array =>
  createHash('shake256', { outputLength: size }).update(`salt ${salts++}`).digest();

interface Session {
  readonly paths: JournalPaths;
  readonly store: (content: PayloadContent, mediaType?: string) => Promise<PayloadRef>;
}

function newSession(fs: FileSystem = realFs): Session {
  const paths = resolveJournalPaths(realFs, join(tempDir(), 's1.jsonl'));
  const world = resolveWorld({ fileSystem: fs });
  return { paths, store: (content, mediaType) => storePayload(world, paths, content, { mediaType, randomBytes }) };
}

async function contentOf({ paths }: Session, sha256: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of openPayload(realFs, paths, sha256)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => 'resolved',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}

const filesUnder = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

describe('a stored payload', () => {
  test('is a file of salt and content, named by the hash of both, for the owner alone', async () => {
    const session = newSession();
    const ref = await session.store(Buffer.from('ls -la'), 'text/plain; charset=utf-8');
    const [file = '', ...others] = filesUnder(session.paths.payloads);
    expect(others).toEqual([]);
    const bytes = readFileSync(file);
    expect(bytes.subarray(SALT_BYTES).toString()).toBe('ls -la');
    expect(ref).toEqual({
      sha256: createHash('sha256').update(bytes).digest('hex'),
      size: 6,
      media_type: 'text/plain; charset=utf-8',
    });
    expect(file).toBe(join(session.paths.sidecar, 'payloads', ref.sha256.slice(0, 2), ref.sha256));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o750);
    expect(statSync(session.paths.payloads).mode & 0o777).toBe(0o750);
  });

  test('cannot be guessed from its hash: the same content twice is two payloads', async () => {
    const session = newSession();
    const refs = [await session.store(Buffer.from('yes')), await session.store(Buffer.from('yes'))];
    expect(new Set(refs.map(({ sha256 }) => sha256)).size).toBe(2);
    expect(refs[0]?.media_type).toBe('application/octet-stream');
    for (const { sha256 } of refs) {
      expect(sha256).not.toBe(createHash('sha256').update('yes').digest('hex'));
      expect(await contentOf(session, sha256)).toEqual(Buffer.from('yes'));
    }
  });

  test('comes back byte for byte, in whatever pieces it was given', async () => {
    const session = newSession();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), async (pieces) => {
        const whole = Buffer.concat(pieces);
        const ref = await session.store(Readable.from(pieces, { objectMode: true }));
        expect(ref.size).toBe(whole.length);
        expect(await contentOf(session, ref.sha256)).toEqual(whole);
        expect(await checkPayload(realFs, session.paths, ref)).toBe('ok');
      }),
      { numRuns: 30 },
    );
  });

  test.each([0, 1, 256 * 1024 - SALT_BYTES, 256 * 1024, 3 * MIB + 7])('may have %i bytes', async (size) => {
    const session = newSession();
    const content = createHash('shake256', { outputLength: size }).update('content').digest();
    const ref = await session.store(content);
    expect(ref.size).toBe(size);
    expect((await contentOf(session, ref.sha256)).equals(content)).toBe(true);
    expect(await checkPayload(realFs, session.paths, ref)).toBe('ok');
  });

  test('is what was hashed, even when the caller changes the bytes meanwhile', async () => {
    const faults = new FaultFileSystem();
    const session = newSession(faults.fs);
    const content = Buffer.alloc(1 * MIB, 1);
    faults.intercept = (call, proceed) => {
      const result = proceed();
      if (call.operation === 'write') content.fill(faults.calls.length);
      return result;
    };
    const ref = await session.store(content);
    expect(await checkPayload(realFs, session.paths, ref)).toBe('ok');
    expect(new Set(await contentOf(session, ref.sha256)).size).toBeGreaterThan(1);
  });
});

describe('storing a payload', () => {
  test('streams: no more than a chunk is asked for, written or kept at a time', async () => {
    const faults = new FaultFileSystem();
    const session = newSession(faults.fs);
    const chunk = Buffer.alloc(1 * MIB, 7);
    let ahead = 0;
    let furthest = 0;
    async function* content(): AsyncGenerator<Buffer> {
      for (let n = 0; n < 64; n++) {
        furthest = Math.max(furthest, ++ahead);
        yield await Promise.resolve(chunk);
        ahead--;
      }
    }
    const ref = await session.store(content());
    expect(ref.size).toBe(64 * MIB);
    expect(furthest).toBe(1);
    const writes = faults.calls.filter(({ operation }) => operation === 'write');
    expect(Math.max(...writes.map(({ args }) => (args[1] as Uint8Array).length))).toBeLessThanOrEqual(256 * 1024);
    // In between too: one sync of everything at the end would stop the process for as long as the disk needs.
    expect(faults.calls.filter(({ operation }) => operation === 'syncData').length).toBeGreaterThanOrEqual(7);
  });

  test('lets the process go on with other work', async () => {
    const session = newSession();
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    const ref = await session.store(Buffer.alloc(64 * MIB));
    const turnsOfStore = turns;
    await checkPayload(realFs, session.paths, ref);
    isDone = true;
    expect(turnsOfStore).toBeGreaterThan(0);
    expect(turns).toBeGreaterThan(turnsOfStore);
  });

  test('is durable, content before name before folders, when it resolves', async () => {
    const faults = new FaultFileSystem();
    const session = newSession(faults.fs);
    const { sha256 } = await session.store(Buffer.from('x'));
    const { payloads, sidecar } = session.paths;
    const shard = join(payloads, sha256.slice(0, 2));
    const steps = faults.calls
      .filter(({ operation }) => ['sync', 'rename', 'syncDirectory'].includes(operation))
      .map(({ operation, path }) => `${operation} ${path.replace(/\.tmp-.*/, '.tmp')}`);
    expect(steps).toEqual([
      `syncDirectory ${sidecar}`,
      `syncDirectory ${dirname(sidecar)}`,
      `sync ${join(payloads, '.tmp')}`,
      `syncDirectory ${payloads}`,
      `rename ${join(payloads, '.tmp')}`,
      `syncDirectory ${shard}`,
      `syncDirectory ${payloads}`,
    ]);
  });

  test('a crash at any step leaves a whole payload, a leftover that is found, or nothing', async () => {
    const trial = new FaultFileSystem();
    await newSession(trial.fs).store(Buffer.from('evidence'));
    expect(trial.calls.length).toBeGreaterThan(10);
    const outcomes = new Set<string>();
    for (let step = 0; step < trial.calls.length; step++) {
      const faults = new FaultFileSystem();
      faults.intercept = (_, proceed) => {
        // Nothing happens after a crash, not even tidying up.
        if (faults.calls.length > step) throw errnoError('ECRASHED');
        return proceed();
      };
      const session = newSession(faults.fs);
      await session.store(Buffer.from('evidence')).catch(() => undefined);
      const stored = [...listPayloads(realFs, session.paths)];
      const leftovers = [...listPayloadLeftovers(realFs, session.paths)];
      for (const { sha256 } of stored) expect(await contentOf(session, sha256)).toEqual(Buffer.from('evidence'));
      expect(filesUnder(session.paths.payloads)).toHaveLength(stored.length + leftovers.length);
      outcomes.add(stored.length > 0 ? 'whole' : leftovers.length > 0 ? 'leftover' : 'nothing');
      const ref = await newSession().store(Buffer.from('next'));
      expect(ref.size).toBe(4);
    }
    expect([...outcomes].toSorted()).toEqual(['leftover', 'nothing', 'whole']);
  });

  const failing: readonly [name: string, fails: (call: FileCall) => boolean, errno: string, code: string][] = [
    ['no space', ({ operation }) => operation === 'write', 'ENOSPC', 'DISK_FULL'],
    ['a disk that does not sync', ({ operation }) => operation === 'sync', 'EIO', 'IO_ERROR'],
    ['a name that cannot be given', ({ operation }) => operation === 'rename', 'EIO', 'IO_ERROR'],
    ['no folder', ({ operation }) => operation === 'mkdirs', 'EACCES', 'IO_ERROR'],
  ];
  test.each(failing)('%s fails it, and leaves no file', async (_, fails, errno, code) => {
    const faults = new FaultFileSystem();
    faults.intercept = (call, proceed) => {
      if (fails(call)) throw errnoError(errno);
      return proceed();
    };
    const session = newSession(faults.fs);
    expect(await codeOf(session.store(Buffer.from('x')))).toBe(code);
    expect(filesUnder(session.paths.payloads)).toEqual([]);
    const opened = faults.calls.filter(({ operation }) => operation === 'open').length;
    expect(faults.calls.filter(({ operation }) => operation === 'close')).toHaveLength(opened);
  });

  test('content that breaks off half way is not stored', async () => {
    const session = newSession();
    async function* breaking(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from('half'));
      throw new Error('connection lost');
    }
    expect(await codeOf(session.store(breaking()))).toBe('IO_ERROR');
    expect(await codeOf(session.store(Readable.from(['text'])))).toBe('INVALID_ARGUMENT');
    expect(filesUnder(session.paths.payloads)).toEqual([]);
  });

  test('a stream whose payload cannot be stored is closed', async () => {
    const faults = new FaultFileSystem();
    const session = newSession(faults.fs);
    const content = Readable.from([Buffer.from('a'), Buffer.from('b')]);
    faults.intercept = (call, proceed) => {
      if (call.operation === 'write' && (call.args[1] as Uint8Array).length < SALT_BYTES) throw errnoError('ENOSPC');
      return proceed();
    };
    expect(await codeOf(session.store(content))).toBe('DISK_FULL');
    expect(content.destroyed).toBe(true);
  });

  test.each([
    '',
    'text',
    'text/',
    '/plain',
    'a b/c',
    'text/plain\nx',
    'text/plain;',
    'text/plain; a',
    `a/${'b'.repeat(300)}`,
  ])('a media type of %j is refused before anything is written', async (mediaType) => {
    const session = newSession();
    expect(await codeOf(session.store(Buffer.from('x'), mediaType))).toBe('INVALID_ARGUMENT');
    expect(filesUnder(dirname(session.paths.journal))).toEqual([]);
  });

  test.each(['application/json', 'application/vnd.api+json', 'text/plain;charset=utf-8', 'text/x; a="b c"; d=e'])(
    'a media type of %j is kept as it is',
    async (mediaType) => {
      expect(await newSession().store(Buffer.from('x'), mediaType)).toMatchObject({ media_type: mediaType });
    },
  );

  test('salt of another size is refused', async () => {
    const { paths } = newSession();
    const stored = storePayload(resolveWorld({}), paths, Buffer.from('x'), { randomBytes: () => Buffer.alloc(31) });
    expect(await codeOf(stored)).toBe('INVALID_ARGUMENT');
    expect(filesUnder(paths.payloads)).toEqual([]);
  });
});

describe('a payload that is not what it was', () => {
  async function stored(size = 1_000): Promise<Session & { readonly ref: PayloadRef; readonly file: string }> {
    const session = newSession();
    const ref = await session.store(Buffer.alloc(size, 5));
    return { ...session, ref, file: payloadPath(session.paths, ref.sha256) };
  }

  test('a flip of any byte, of the salt too, is altered; and reading it ends in an error', async () => {
    const { paths, ref, file, ...session } = await stored(100);
    const good = readFileSync(file);
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 1;
      writeFileSync(file, bad);
      expect(await checkPayload(realFs, paths, ref)).toBe('altered');
      expect(await codeOf(contentOf({ paths, ...session }, ref.sha256))).toBe('PAYLOAD_ALTERED');
    }
    writeFileSync(file, good);
    expect(await checkPayload(realFs, paths, ref)).toBe('ok');
  });

  test.each<[string, (file: string) => void]>([
    ['longer', (file) => appendFileSync(file, 'x')],
    ['shorter', (file) => truncateSync(file, 500)],
    ['shorter than its salt', (file) => truncateSync(file, 10)],
    ['empty', (file) => truncateSync(file, 0)],
    [
      'a link to the same bytes elsewhere',
      (file) => {
        renameSync(file, `${file}.elsewhere`);
        symlinkSync(`${file}.elsewhere`, file);
      },
    ],
    [
      'a folder',
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
  ])('one that is %s is altered', async (_, change) => {
    const { paths, ref, file, ...session } = await stored();
    change(file);
    expect(await checkPayload(realFs, paths, ref)).toBe('altered');
    expect(await codeOf(contentOf({ paths, ...session }, ref.sha256))).toBe('PAYLOAD_ALTERED');
  });

  test('the right bytes with a wrong size in the event are altered', async () => {
    const { paths, ref } = await stored();
    expect(await checkPayload(realFs, paths, { ...ref, size: ref.size + 1 })).toBe('altered');
  });

  test('one that is gone is missing, with or without its folder', async () => {
    const { paths, ref, file, ...session } = await stored();
    rmSync(file);
    expect(await checkPayload(realFs, paths, ref)).toBe('missing');
    expect(await codeOf(contentOf({ paths, ...session }, ref.sha256))).toBe('PAYLOAD_NOT_FOUND');
    rmSync(paths.sidecar, { recursive: true });
    expect(await checkPayload(realFs, paths, ref)).toBe('missing');
  });

  test('one that is erased between the look and the opening is missing', async () => {
    const { paths, ref } = await stored();
    const faults = new FaultFileSystem();
    faults.fail('open', ref.sha256, 'ENOENT');
    expect(await checkPayload(faults.fs, paths, ref)).toBe('missing');
  });

  test('one that was swapped between the look and the opening is altered', async () => {
    const { paths, ref, file } = await stored();
    const faults = new FaultFileSystem();
    faults.intercept = (call, proceed) => {
      if (call.operation === 'open') {
        writeFileSync(`${file}.new`, readFileSync(file));
        renameSync(`${file}.new`, file);
      }
      return proceed();
    };
    expect(await checkPayload(faults.fs, paths, ref)).toBe('altered');
    const count = (operation: FileCall['operation']): number =>
      faults.calls.filter((call) => call.operation === operation).length;
    expect(count('close')).toBe(count('open'));
  });

  test('a disk that does not read is an error, not a verdict', async () => {
    const { paths, ref } = await stored();
    const faults = new FaultFileSystem();
    faults.fail('read', ref.sha256, 'EIO');
    expect(await codeOf(checkPayload(faults.fs, paths, ref))).toBe('IO_ERROR');
    faults.fail('open', ref.sha256, 'EACCES');
    expect(await codeOf(checkPayload(faults.fs, paths, ref))).toBe('IO_ERROR');
  });

  test.each([
    '',
    '../../../../etc/passwd',
    'AB'.repeat(32),
    `${'ab'.repeat(31)}/.`,
    `${'ab'.repeat(32)}\n`,
    'ab'.repeat(33),
  ])('no path is made of the hash %j', async (sha256) => {
    const session = newSession();
    expect(await codeOf(checkPayload(realFs, session.paths, { sha256, size: 1 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(contentOf(session, sha256))).toBe('INVALID_ARGUMENT');
  });

  test('a reader that stops half way leaves no file open', async () => {
    const { paths, ref } = await stored(2 * MIB);
    const faults = new FaultFileSystem();
    for await (const chunk of openPayload(faults.fs, paths, ref.sha256)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(faults.calls.filter(({ operation }) => operation === 'close')).toHaveLength(1);
  });
});

describe('the lists of payload files', () => {
  test('name every payload and every leftover, in order, and nothing else', async () => {
    const session = newSession();
    expect([...listPayloads(realFs, session.paths)]).toEqual([]);
    expect([...listPayloadLeftovers(realFs, session.paths)]).toEqual([]);
    const refs: PayloadRef[] = [];
    for (let n = 0; n < 20; n++) refs.push(await session.store(Buffer.alloc(n)));
    const [{ sha256 } = { sha256: '' }] = refs;
    const { payloads } = session.paths;
    writeFileSync(join(payloads, '.tmp-0a'), 'half');
    writeFileSync(join(payloads, 'notes.txt'), 'not ours');
    writeFileSync(join(payloads, sha256.slice(0, 2), 'notes.txt'), 'not ours');
    // In the folder of another hash nobody would find it.
    const misplaced = join(payloads, sha256.startsWith('00') ? '01' : '00');
    mkdirSync(misplaced, { recursive: true });
    writeFileSync(join(misplaced, sha256), 'not where it belongs');
    expect([...listPayloads(realFs, session.paths)]).toEqual(
      refs
        .map((ref) => ({ sha256: ref.sha256, sizeBytes: ref.size + SALT_BYTES }))
        .toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1)),
    );
    const leftovers = [...listPayloadLeftovers(realFs, session.paths)];
    expect(leftovers.map(({ path, sizeBytes }) => [basename(path), sizeBytes])).toEqual([['.tmp-0a', 4]]);
    expect(leftovers[0]?.mtimeMs).toBe(statSync(join(payloads, '.tmp-0a')).mtimeMs);
  });

  test('a folder that cannot be read is an error, not an empty list', async () => {
    const session = newSession();
    await session.store(Buffer.from('x'));
    const faults = new FaultFileSystem();
    faults.fail('readDirectory', 'payloads', 'EACCES');
    expect(() => [...listPayloads(faults.fs, session.paths)]).toThrowError(
      expect.objectContaining({ code: 'IO_ERROR' }) as Error,
    );
  });
});
