import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isGaitError } from '../../../src/errors.js';
import {
  chainPath,
  checkChainTargets,
  readChain,
  verifyChain,
  writeChain,
} from '../../../src/journal/runpack/index.js';
import { nodeFileSystem, resolveJournalPaths } from '../../../src/journal/store/index.js';
import { newSession } from './chains.js';
import { goVectors, newFolder, world } from './packs.js';

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isGaitError(error)) return error.code;
    throw error;
  }
  return 'no error';
}

describe('the name', () => {
  test.each([
    ['a/demo.journal.jsonl', 'a/demo.journal_chain.json'],
    ['b.jsonl', 'b_chain.json'],
    ['noext', 'noext_chain.json'],
    ['.jsonl', '_chain.json'],
    ['dir.d/s1', 'dir.d/s1_chain.json'],
  ])('of the chain of %s is %s', (journal, chain) => {
    expect(chainPath(journal)).toBe(chain);
  });
});

describe('writing', () => {
  test('gives the fields of the Go tool, in its order and form', async () => {
    const { paths, header, checkpoints } = await newSession();
    const path = writeChain(world, paths, header, checkpoints);
    const text = readFileSync(path, 'utf8');
    const theirs = readFileSync(join(goVectors, 'sealed', 'journal_chain.json'), 'utf8');
    expect(Object.keys(JSON.parse(text) as object)).toEqual(Object.keys(JSON.parse(theirs) as object));
    expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`);
    expect(readChain(nodeFileSystem, path).chain.checkpoints).toEqual(checkpoints);
  });

  test('W29: a chain that was lost is written again from the journal, to the byte, wherever else it goes', async () => {
    const { paths, header, checkpoints, folder } = await newSession();
    const extra = join(folder, 'copy.json');
    const path = writeChain(world, paths, header, checkpoints, extra);
    const before = readFileSync(path);
    expect(readFileSync(extra)).toEqual(before);
    rmSync(path);
    writeChain(world, paths, header, checkpoints, extra);
    expect(readFileSync(path)).toEqual(before);
    writeFileSync(path, before.subarray(0, 100));
    writeChain(world, paths, header, checkpoints);
    expect(readFileSync(path)).toEqual(before);
  });

  test('W35: the chain of another journal with the same name is not overwritten', async () => {
    const { folder, header, checkpoints } = await newSession();
    const paths = resolveJournalPaths(nodeFileSystem, join(folder, 'a.jsonl'));
    const others = resolveJournalPaths(nodeFileSystem, join(folder, 'a.log'));
    const path = writeChain(world, paths, header, checkpoints);
    const before = readFileSync(path);
    for (const other of [{ session_id: 's2' }, { run_id: 'run_2' }]) {
      const code = codeOf(() => writeChain(world, others, { ...header, ...other }, checkpoints));
      expect(code).toBe('CHAIN_CONFLICT');
      expect(readFileSync(path)).toEqual(before);
    }
  });

  test('a file of somebody else under the name of the chain is not overwritten', async () => {
    const { paths, header, checkpoints } = await newSession();
    writeFileSync(chainPath(paths.journal), '{"mine":1}');
    expect(codeOf(() => writeChain(world, paths, header, checkpoints))).toBe('CHAIN_CONFLICT');
    expect(readFileSync(chainPath(paths.journal), 'utf8')).toBe('{"mine":1}');
  });

  test('a copy goes over a chain of this session, and over nothing else', async () => {
    const { paths, header, checkpoints, folder } = await newSession();
    const before = readdirSync(folder).toSorted();
    writeFileSync(join(folder, 'mine.json'), 'not a chain');
    writeFileSync(join(folder, 'object.json'), '{}');
    writeFileSync(join(folder, 'other_chain.json'), JSON.stringify({ schema_id: 'gait.runpack.session_chain' }));
    mkdirSync(join(folder, 'dir'));
    const refused: readonly (readonly [string, string])[] = [
      ['mine.json', 'OUTPUT_EXISTS'],
      ['object.json', 'OUTPUT_EXISTS'],
      ['other_chain.json', 'CHAIN_CONFLICT'],
      ['s1.jsonl', 'OUTPUT_EXISTS'],
      ['s1.jsonl.lock', 'OUTPUT_EXISTS'],
      ['s1.jsonl.state.json', 'OUTPUT_EXISTS'],
      ['s1.jsonl.gait/index', 'OUTPUT_EXISTS'],
      ['dir', 'INVALID_CHAIN'],
    ];
    for (const [name, code] of refused) {
      expect(codeOf(() => checkChainTargets(nodeFileSystem, paths, header, join(folder, name)))).toBe(code);
      expect(codeOf(() => writeChain(world, paths, header, checkpoints, join(folder, name)))).toBe(code);
    }
    expect(readFileSync(join(folder, 'mine.json'), 'utf8')).toBe('not a chain');
    expect(readdirSync(folder).toSorted()).toEqual(
      [...before, 'dir', 'mine.json', 'object.json', 'other_chain.json'].toSorted(),
    );
    expect(codeOf(() => checkChainTargets(nodeFileSystem, paths, header, '../x.json'))).toBe('INVALID_PATH');
  });

  test('the default path given once more is written once', async () => {
    const { paths, header } = await newSession();
    expect(checkChainTargets(nodeFileSystem, paths, header, chainPath(paths.journal))).toHaveLength(1);
  });

  test('to a directory that is missing says so', async () => {
    const { paths, header, checkpoints, folder } = await newSession();
    expect(codeOf(() => writeChain(world, paths, header, checkpoints, join(folder, 'no', 'c.json')))).toBe('IO_ERROR');
  });
});

describe('reading', () => {
  const good = readFileSync(join(goVectors, 'sealed', 'journal_chain.json'), 'utf8');

  test.each<[string, string]>([
    ['not JSON', good.slice(0, 100)],
    ['not UTF-8', '\u{0}'],
    ['an array', '[]'],
    ['two meanings', good.replace('{', '{"run_id":"x",')],
    ['another schema', good.replace('session_chain', 'session_state')],
    ['another version', good.replace('1.0.0', '2.0.0')],
    ['no session', good.replace('"session_id": "sess_sealed",\n  "run_id"', '"run_id"')],
    ['a blank run', good.replace('"run_id": "run_sealed",\n  "checkpoints"', '"run_id": " ",\n  "checkpoints"')],
    ['no checkpoints', good.replace(/"checkpoints": \[[^]*\]/, '"checkpoints": []')],
    ['checkpoints that are none', good.replace(/"checkpoints": \[[^]*\]/, '"checkpoints": [7]')],
    ['an index that is no integer', good.replace('"checkpoint_index": 1', '"checkpoint_index": "1"')],
    ['a range that is no integer', good.replace('"sequence_end": 3', '"sequence_end": 3.5')],
    ['a path that is no text', good.replace('"cp1.zip"', 'null')],
  ])('%s is no chain', async (_what, text) => {
    const path = join(newFolder(), 'x_chain.json');
    writeFileSync(path, text === '\u{0}' ? Buffer.from([0xff]) : text);
    if (text !== '\u{0}') expect(text).not.toBe(good);
    expect(codeOf(() => readChain(nodeFileSystem, path))).toBe('INVALID_CHAIN');
    await expect(verifyChain(nodeFileSystem, path)).rejects.toMatchObject({ code: 'INVALID_CHAIN' });
  });

  test('nothing at the path, a directory, or a file over 64 MiB is no chain', () => {
    const folder = newFolder();
    expect(codeOf(() => readChain(nodeFileSystem, join(folder, 'none.json')))).toBe('INVALID_CHAIN');
    expect(codeOf(() => readChain(nodeFileSystem, folder))).toBe('INVALID_CHAIN');
    const huge = { ...nodeFileSystem, fstat: (fd: number) => ({ ...nodeFileSystem.fstat(fd), size: 2 ** 26 + 1 }) };
    writeFileSync(join(folder, 'huge.json'), '');
    expect(codeOf(() => readChain(huge, join(folder, 'huge.json')))).toBe('INVALID_CHAIN');
  });

  test('a disk that fails is not a bad chain', () => {
    const failing = {
      ...nodeFileSystem,
      open: (): number => {
        throw Object.assign(new Error('denied'), { code: 'EACCES' });
      },
    };
    expect(codeOf(() => readChain(failing, 'x_chain.json'))).toBe('IO_ERROR');
  });

  test('absent schema fields are the right ones, as for the Go tool', () => {
    const path = join(newFolder(), 'x_chain.json');
    writeFileSync(
      path,
      good.replace(/ {2}"schema_id": "gait.runpack.session_chain",\n {2}"schema_version": "1.0.0",\n/, ''),
    );
    expect(readChain(nodeFileSystem, path).chain.session_id).toBe('sess_sealed');
  });

  test('a chain may be read through a link', async () => {
    const { folder, path } = await newSession();
    symlinkSync(path, join(folder, 'link.json'));
    expect(readChain(nodeFileSystem, join(folder, 'link.json')).chain.session_id).toBe('s1');
  });
});
