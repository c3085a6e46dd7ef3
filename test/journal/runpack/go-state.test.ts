import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { goStatePath, writeGoState } from '../../../src/journal/runpack/index.js';
import { logFacts } from '../../../src/journal/log-facts.js';
import { SessionLog } from '../../../src/journal/session-log.js';
import { nodeFileSystem, resolveJournalPaths } from '../../../src/journal/store/index.js';
import { codeOf, goVectors, newFolder, world } from './packs.js';

/** The log of a journal, and the journal's size. */
function logOf(name: string): { readonly log: SessionLog; readonly sizeBytes: number } {
  const bytes = readFileSync(join(goVectors, name, 'journal.jsonl'));
  const log = new SessionLog(() => undefined);
  let offset = 0;
  for (const line of bytes.toString('utf8').split('\n').slice(0, -1)) {
    log.add(Buffer.from(line), offset);
    offset += Buffer.byteLength(line) + 1;
  }
  return { log, sizeBytes: bytes.length };
}

function written(name: string): { readonly text: string; readonly state: Readonly<Record<string, unknown>> } {
  const paths = resolveJournalPaths(nodeFileSystem, join(newFolder(), 'journal.jsonl'));
  const { log, sizeBytes } = logOf(name);
  writeGoState(world, paths, logFacts(log), sizeBytes);
  const text = readFileSync(goStatePath(paths.journal), 'utf8');
  return { text, state: JSON.parse(text) as Readonly<Record<string, unknown>> };
}

test.each(['basic', 'sealed', 'compacted'])('is what the Go tool wrote for %s, in its order and form', (name) => {
  const theirs = readFileSync(join(goVectors, name, 'journal.jsonl.state.json'), 'utf8');
  const time = /"updated_at": "[^"]*"/;
  expect(written(name).text.replace(time, '')).toBe(theirs.replace(time, ''));
});

test('W1: after a compaction that left no event, the next sequence is still the one after the last sealed', () => {
  expect(written('compacted-empty').state).toMatchObject({ event_count: 0, last_sequence: 2 });
});

test('says when it was written, and is private', () => {
  const folder = newFolder();
  const paths = resolveJournalPaths(nodeFileSystem, join(folder, 'journal.jsonl'));
  const { log, sizeBytes } = logOf('sealed');
  writeGoState(world, paths, logFacts(log), sizeBytes);
  const path = goStatePath(paths.journal);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ updated_at: '2026-02-01T09:30:00Z' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual([basename(path)]);
});

test('of a journal without a header is not written', () => {
  const folder = newFolder();
  const paths = resolveJournalPaths(nodeFileSystem, join(folder, 'journal.jsonl'));
  writeGoState(world, paths, logFacts(new SessionLog(() => undefined)), 0);
  expect(readdirSync(folder)).toEqual([]);
});

test('that cannot be written says so', async () => {
  const paths = resolveJournalPaths(nodeFileSystem, join(newFolder(), 'gone', 'journal.jsonl'));
  const { log, sizeBytes } = logOf('sealed');
  const work = async (): Promise<void> => await Promise.resolve(writeGoState(world, paths, logFacts(log), sizeBytes));
  expect(await codeOf(work())).toBe('IO_ERROR');
});
