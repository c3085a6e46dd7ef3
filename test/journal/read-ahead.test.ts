/** Lines that were read without the lock may be taken back by whoever wrote them: nothing is appended to what is not there. */
import { appendFileSync, copyFileSync, existsSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openJournal, verifyJournal } from '../../src/index.js';
import { resolveWorld } from '../../src/journal/settings.js';
import { resolveJournalPaths } from '../../src/journal/store/index.js';
import { WriterFile } from '../../src/journal/writer-file.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import {
  caught,
  newFolder,
  newJournal,
  QUICK,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';

/** What `calls` would add to the journal, as whole lines. Nothing is added. */
async function linesFor(path: string, ...calls: readonly string[]): Promise<string> {
  const copy = join(newFolder(), 'copy.jsonl');
  copyFileSync(path, copy);
  await withJournal(copy, (journal) => journal.appendAll(calls.map((tool) => toolCall(0, { tool_name: tool }))));
  return readFileSync(copy, 'utf8').slice(statSync(path).size);
}

async function expectSound(path: string, tools: readonly string[]): Promise<void> {
  expect(await verifyJournal(path)).toMatchObject({ ok: true, problems: [] });
  const events = readFileSync(path, 'utf8').split('\n').slice(1, -1);
  expect(events.map((line) => (JSON.parse(line) as { event: { tool_name: string } }).event.tool_name)).toStrictEqual(
    tools,
  );
}

interface Ahead {
  readonly path: string;
  readonly size: number;
  readonly file: WriterFile;
}

/** A journal of one event, open under a writer that has confirmed it. */
async function opened(): Promise<Ahead> {
  const path = await newJournal(1);
  const world = resolveWorld(QUICK);
  const file = await WriterFile.open(world, resolveJournalPaths(world.fs, path));
  onTestFinished(() => file.close());
  await file.catchUp();
  return { path, size: statSync(path).size, file };
}

/** What a writer would find that opened the journal now. */
async function fresh(path: string): Promise<unknown> {
  const world = resolveWorld(QUICK);
  const file = await WriterFile.open(world, resolveJournalPaths(world.fs, path));
  const found = facts(file);
  file.close();
  return found;
}

function facts({ state }: WriterFile): unknown {
  const { log, offset, lastLineBytes } = state;
  return { offset, lastLineBytes, root: log.frontier.root(), head: log.head, sequence: log.lastSequence };
}

test('a line that stood there at the open, and another of its length now: the next event is linked to that one', async () => {
  for (const isIndexed of [true, false]) {
    const path = await newJournal(1);
    const [taken, stays] = [await linesFor(path, 'tool.a'), await linesFor(path, 'tool.b')];
    const size = statSync(path).size;
    if (!isIndexed) removeIndex(path);
    appendFileSync(path, taken);
    const journal = await openJournal(path, QUICK);
    truncateSync(path, size);
    appendFileSync(path, stays);
    await journal.append(toolCall(3));
    await journal.close();
    await expectSound(path, ['tool.1', 'tool.b', 'tool.3']);
  }
});

test('lines that were read ahead and stay are not read again', async () => {
  const { path, file } = await opened();
  appendFileSync(path, await linesFor(path, 'tool.a', 'tool.b'));
  file.readAhead();
  expect(file.isAhead).toBe(true);
  expect(facts(file)).toStrictEqual(await fresh(path));
  appendFileSync(path, await linesFor(path, 'tool.c'));
  const before = file.state;
  expect(await file.catchUp()).toBeUndefined();
  expect(file.isAhead).toBe(false);
  expect(file.state).toBe(before);
  expect(facts(file)).toStrictEqual(await fresh(path));
});

test.for<readonly [string, readonly string[]]>([
  ['none', []],
  ['one of the same length', ['tool.z']],
  ['a longer one', ['tool.much.longer']],
  ['a shorter one', ['t']],
  ['more of them', ['tool.z', 'tool.y', 'tool.x']],
  ['the first of them', ['tool.a']],
])('lines that were read ahead and are taken back, and in their place %s', async ([, instead]) => {
  const { path, size, file } = await opened();
  const after = instead.length === 0 ? '' : await linesFor(path, ...instead);
  appendFileSync(path, await linesFor(path, 'tool.a', 'tool.b'));
  file.readAhead();
  truncateSync(path, size);
  appendFileSync(path, after);
  expect(await file.catchUp()).toBeUndefined();
  expect(file.isAhead).toBe(false);
  expect(facts(file)).toStrictEqual(await fresh(path));
});

test('lines that were known before are missed, whatever was read ahead', async () => {
  const { path, size, file } = await opened();
  appendFileSync(path, await linesFor(path, 'tool.a'));
  file.readAhead();
  truncateSync(path, size - 1);
  expect(await caught(file.catchUp())).toMatchObject({ code: 'JOURNAL_TRUNCATED', details: { expected_bytes: size } });
});

test('a line that is being written is taken in when it is whole', async () => {
  const { path, file } = await opened();
  const line = await linesFor(path, 'tool.a');
  for (const part of [line.slice(0, 40), line.slice(40, -1), line.slice(-1)]) {
    appendFileSync(path, part);
    file.readAhead();
    expect(file.state.log.lastSequence).toBe(part === '\n' ? 2 : 1);
  }
  expect(await file.catchUp()).toBeUndefined();
  expect(facts(file)).toStrictEqual(await fresh(path));
});

test('what makes no sense is looked at again under the lock, and refused if it is still there', async () => {
  for (const isGone of [true, false]) {
    const { path, size, file } = await opened();
    appendFileSync(path, `${await linesFor(path, 'tool.a')}{"nothing":"of ours"}\n`);
    file.readAhead();
    file.readAhead();
    if (isGone) {
      truncateSync(path, size);
      expect(await file.catchUp()).toBeUndefined();
      expect(facts(file)).toStrictEqual(await fresh(path));
    } else {
      expect(await caught(file.catchUp())).toMatchObject({ code: 'JOURNAL_CORRUPT', details: { line: 4 } });
    }
  }
});

test('a compacted file in its place is read anew', async () => {
  const { path, file } = await opened();
  await withJournal(path, async (journal) => {
    await journal.append(toolCall(2));
    file.readAhead();
    await journal.checkpoint();
    await journal.compact();
    await journal.append(toolCall(3));
  });
  file.readAhead();
  expect(await file.catchUp()).toBeUndefined();
  expect(facts(file)).toStrictEqual(await fresh(path));
});

test('a checkpoint that is taken back while a compaction rests on it: what it sealed stays where it is', async () => {
  const path = await newJournal(3);
  const size = statSync(path).size;
  // Longer than the checkpoint.
  const tools = Array.from({ length: 9 }, (_, i) => `tool.${i + 4}`);
  const instead = await linesFor(path, ...tools);
  const disk = new FaultFileSystem(QUICK.fileSystem);
  const journal = await openJournal(path, { ...QUICK, fileSystem: disk.fs });
  await journal.checkpoint();
  let isTakenBack = false;
  disk.intercept = ({ operation, path: at }, proceed) => {
    if (!isTakenBack && operation === 'sync' && at.includes('.gait/segments')) {
      isTakenBack = true;
      truncateSync(path, size);
      appendFileSync(path, instead);
    }
    return proceed();
  };
  await journal.close();
  const later = await openJournal(path, { ...QUICK, fileSystem: disk.fs });
  expect(await later.compact()).toMatchObject({ compacted: false, events_after: 12 });
  expect(isTakenBack).toBe(true);
  await expectSound(path, ['tool.1', 'tool.2', 'tool.3', ...tools]);
  await later.checkpoint();
  expect(await later.compact()).toMatchObject({ compacted: true, events_after: 0 });
  await later.close();
  expect(await verifyJournal(path)).toMatchObject({ ok: true, problems: [] });
});

test('what was read ahead is not put into the index: it would be evidence of a loss', async () => {
  const { path, size, file } = await opened();
  const { IndexSaver } = await import('../../src/journal/index-saver.js');
  const world = resolveWorld(QUICK);
  const paths = resolveJournalPaths(world.fs, path);
  const saver = new IndexSaver(world, paths, file);
  saver.forget();
  world.fs.unlink(paths.index);
  appendFileSync(path, await linesFor(path, 'tool.a'));
  file.readAhead();
  saver.saveNow();
  saver.saveIfDue();
  expect(existsSync(paths.index)).toBe(false);
  truncateSync(path, size);
  await file.catchUp();
  saver.saveNow();
  expect(existsSync(paths.index)).toBe(true);
});
