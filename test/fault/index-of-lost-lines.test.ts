/** A power cut can keep the index, which is never synced, and lose the lines that it was made of: others may follow there. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { verifyJournal } from '../../src/index.js';
import { newJournal, QUICK, removeIndex, toolCall, withJournal } from '../support/journal-fixtures.js';
import { readEvents } from '../support/linear-journal.js';

const named = (id: string): ReturnType<typeof toolCall> => toolCall(3, { correlation_id: id });

test.each([1, 3])('the index of %d lines that a crash took, and others replaced, is not believed', async (count) => {
  const path = await newJournal(2);
  const before = readFileSync(path);
  const lost = Array.from({ length: count }, () => named('lost'));
  await withJournal(path, (journal) => journal.appendAll(lost), { ...QUICK, durability: 'buffered' });
  const [index, kept] = [`${path}.gait/index`, `${path}.gait/kept`];
  copyFileSync(index, kept);
  // The same file, shorter again; then as long as it was, with other lines.
  writeFileSync(path, before);
  removeIndex(path);
  await withJournal(path, (journal) => journal.appendAll(lost.map(() => named('next'))));
  copyFileSync(kept, index);
  await withJournal(path, (journal) => journal.append(named('last')));
  expect((await verifyJournal(path)).problems).toEqual([]);
  const ids = readEvents(path).map(({ correlation_id: id }) => id);
  expect(ids).toEqual([undefined, undefined, ...lost.map(() => 'next'), 'last']);
});
