/**
 * Pages of one write may reach the disk in any order, and a file system may show those that did not as zeros. Behind what
 * was acknowledged, zeros at the end are a torn tail; a hole with whole lines behind it is no tail, and is not guessed at.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openJournal, verifyJournal } from '../../src/index.js';
import { codeOf } from '../support/appending.js';
import { linesOf, newJournal, QUICK, removeIndex, toolCall, withJournal } from '../support/journal-fixtures.js';

const PAGE_BYTES = 4_096;

/** A journal whose last commit spans pages, and where that commit begins. */
async function spanning(): Promise<{ readonly path: string; readonly start: number; readonly acknowledged: string[] }> {
  const path = await newJournal(2);
  const start = readFileSync(path).length;
  const acknowledged = linesOf(path);
  const filler = { attributes: { filler: 'x'.repeat(3_000) } };
  await withJournal(path, (journal) => journal.appendAll([1, 2, 3, 4].map((number) => toolCall(number, filler))));
  removeIndex(path);
  return { path, start, acknowledged };
}

test('a last write of which no page came through, but its length did, is cut off', async () => {
  const { path, start, acknowledged } = await spanning();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0, start));
  await withJournal(path, (journal) => journal.append(toolCall(9)));
  expect(linesOf(path).slice(0, acknowledged.length)).toEqual(acknowledged);
  expect((await verifyJournal(path)).problems).toEqual([]);
});

test('a last write whose last page is missing loses its torn line alone', async () => {
  const { path, acknowledged } = await spanning();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0, bytes.length - (bytes.length % PAGE_BYTES)));
  await withJournal(path, (journal) => journal.append(toolCall(9)));
  expect(linesOf(path).slice(0, acknowledged.length)).toEqual(acknowledged);
  expect((await verifyJournal(path)).problems).toEqual([]);
});

test('a last write with a hole in its middle is refused, by name, and nothing is changed', async () => {
  const { path, start } = await spanning();
  const hole = Math.ceil(start / PAGE_BYTES) * PAGE_BYTES;
  const bytes = readFileSync(path).fill(0, hole, hole + PAGE_BYTES);
  writeFileSync(path, bytes);
  expect(await codeOf(openJournal(path, QUICK))).toBe('JOURNAL_CORRUPT');
  expect(readFileSync(path)).toEqual(bytes);
  const { problems } = await verifyJournal(path);
  expect(problems.map(({ kind }) => kind)).toContain('bad_json');
});
