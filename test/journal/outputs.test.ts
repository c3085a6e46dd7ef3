/** Files that the caller names: nothing is replaced that is not an older form of the same thing. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isGaitError } from '../../src/errors.js';
import { openJournal, readPayload, startSession, writeNewFile, type CheckpointOptions } from '../../src/index.js';
import { keyPairFromSeed } from '../../src/sign/index.js';
import { snapshot } from '../cli/gait.js';
import { tempDir } from '../support/temp-dir.js';

const key = keyPairFromSeed(Buffer.alloc(32, 3));
const event = { tool_name: 'fs.read', verdict: 'allow' } as const;

async function started(folder: string, id = 's1'): Promise<string> {
  const path = join(folder, `${id}.jsonl`);
  await startSession(path, { session_id: id, run_id: 'r' });
  await append(path);
  return path;
}

async function append(path: string, payload?: Uint8Array): Promise<void> {
  const journal = await openJournal(path);
  await journal.append(event, payload === undefined ? {} : { payload: { content: payload, mediaType: 'text/plain' } });
  await journal.close();
}

async function seal(path: string, options: CheckpointOptions): Promise<string | undefined> {
  const journal = await openJournal(path);
  try {
    return (await journal.checkpoint(options)).note;
  } finally {
    await journal.close();
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isGaitError(error)) return error.code;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Every file but the guards, in which the lock keeps its books. */
function kept(folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(snapshot(folder)).filter(([path]) => !path.endsWith('.gait/guard')));
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

describe("the note's own file", () => {
  test('is made with its folder, and replaced by a later note of the same log', async () => {
    const folder = tempDir();
    const path = await started(folder);
    const noteOut = join(folder, 'notes', 'head.note');
    await seal(path, { key, noteOut });
    expect(readFileSync(noteOut, 'utf8')).toContain('gait/s1');
    await append(path);
    const note = await seal(path, { key, noteOut });
    expect(readFileSync(noteOut, 'utf8')).toBe(note);
  });

  test.each<[string, string, (folder: string) => Promise<Omit<CheckpointOptions, 'key'>>]>([
    ['the journal', 'OUTPUT_EXISTS', async (at) => await Promise.resolve({ noteOut: join(at, 's1.jsonl') })],
    ['a lock', 'OUTPUT_EXISTS', async (at) => await Promise.resolve({ noteOut: join(at, 's1.jsonl.lock') })],
    ['a folder', 'OUTPUT_EXISTS', async (at) => await Promise.resolve({ noteOut: at })],
    [
      'any other file',
      'OUTPUT_EXISTS',
      async (at) => {
        writeFileSync(join(at, 'mine.txt'), 'mine');
        return await Promise.resolve({ noteOut: join(at, 'mine.txt') });
      },
    ],
    [
      'the note of another session',
      'OUTPUT_EXISTS',
      async (at) => {
        const noteOut = join(at, 'other.note');
        await seal(await started(at, 's2'), { key, noteOut });
        return { noteOut };
      },
    ],
    [
      'the path of the pack',
      'INVALID_ARGUMENT',
      async (at) => await Promise.resolve({ noteOut: join(at, 'x'), out: join(at, '.', 'x') }),
    ],
  ])('is not written to %s, and nothing is sealed', async (_, code, options) => {
    const folder = tempDir();
    const path = await started(folder);
    const outputs = await options(folder);
    const before = kept(folder);
    expect(await codeOf(seal(path, { key, ...outputs }))).toBe(code);
    expect(kept(folder)).toEqual(before);
  });

  test('needs a key, for there is no note without one', async () => {
    const folder = tempDir();
    const path = await started(folder);
    expect(await codeOf(seal(path, { noteOut: join(folder, 'n') }))).toBe('INVALID_ARGUMENT');
    expect(existsSync(join(folder, 'n'))).toBe(false);
  });
});

describe('writeNewFile', () => {
  test('writes bytes or a stream to a new file that its owner alone can read, in a new folder', async () => {
    const folder = tempDir();
    const path = join(folder, 'a', 'b');
    expect(await writeNewFile(path, pieces('one', 'two'))).toBe(path);
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['onetwo', 0o600]);
    await writeNewFile(join(folder, 'c'), Buffer.from('three'));
    expect(readFileSync(join(folder, 'c'), 'utf8')).toBe('three');
  });

  test('replaces nothing, takes no name of a session, leaves no path behind that is refused', async () => {
    const folder = tempDir();
    writeFileSync(join(folder, 'there'), 'x');
    mkdirSync(join(folder, 'folder'));
    const before = snapshot(folder);
    for (const name of ['there', 'folder', 's.jsonl.lock', 's_chain.json', 's.jsonl.gait/index']) {
      expect(await codeOf(writeNewFile(join(folder, name), Buffer.from('y')))).toBe('OUTPUT_EXISTS');
    }
    expect(await codeOf(writeNewFile('../up', Buffer.from('y')))).toBe('INVALID_PATH');
    expect(await codeOf(writeNewFile(join(folder, 'there', 'x'), Buffer.from('y')))).toBe('IO_ERROR');
    expect(snapshot(folder)).toEqual(before);
  });

  test('leaves nothing when the content fails, and replaces nothing that came meanwhile', async () => {
    const folder = tempDir();
    const path = join(folder, 'f');
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield* pieces('half');
      throw new RangeError('no more');
    };
    expect(await codeOf(writeNewFile(path, failing()))).toBe('IO_ERROR');
    expect(snapshot(folder)).toEqual({});
    const late = async function* (): AsyncGenerator<Uint8Array> {
      yield* pieces('late');
      writeFileSync(path, 'first');
    };
    expect(await codeOf(writeNewFile(path, late()))).toBe('OUTPUT_EXISTS');
    expect(snapshot(folder)).toEqual({ [path]: 'first' });
  });
});

describe('readPayload', () => {
  async function contentOf(path: string, sequence: number): Promise<string> {
    const { content } = await readPayload(path, sequence);
    let text = '';
    for await (const chunk of content) text += Buffer.from(chunk).toString();
    return text;
  }

  test('gives back what was stored with the event, and how it is named', async () => {
    const path = await started(tempDir());
    await append(path, Buffer.from('the evidence'));
    expect(await contentOf(path, 2)).toBe('the evidence');
    expect((await readPayload(path, 2)).payload).toMatchObject({ size: 12, media_type: 'text/plain' });
  });

  test('says that there is no event, no payload, a lost one or an altered one', async () => {
    const folder = tempDir();
    const path = await started(folder);
    await append(path, Buffer.from('the evidence'));
    expect(await codeOf(readPayload(path, 1))).toBe('PAYLOAD_NOT_FOUND');
    expect(await codeOf(readPayload(path, 3))).toBe('INVALID_ARGUMENT');
    const { sha256 } = (await readPayload(path, 2)).payload;
    const file = join(`${path}.gait`, 'payloads', sha256.slice(0, 2), sha256);
    const bytes = readFileSync(file);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    expect(await codeOf(readPayload(path, 2))).toBe('PAYLOAD_ALTERED');
    // An event cannot name a payload that another file was put in the place of.
    writeFileSync(file, '');
    expect(await codeOf(readPayload(path, 2))).toBe('PAYLOAD_ALTERED');
  });

  test('a payload file that is not there is refused as an argument, and stores nothing', async () => {
    const folder = tempDir();
    const path = await started(folder);
    const before = readFileSync(path, 'utf8');
    const journal = await openJournal(path);
    expect(await codeOf(journal.append(event, { payload: { path: join(folder, 'none') } }))).toBe('FILE_NOT_FOUND');
    await journal.close();
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});
