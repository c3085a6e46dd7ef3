/** A writer that is killed while it saves the index leaves a copy behind; the folder must not fill up with them. */
import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newJournal, toolCall, withJournal } from '../support/journal-fixtures.js';

test('old copies of the index go, young ones may have a living writer and stay', async () => {
  const path = await newJournal(1);
  const old = join(`${path}.gait`, '.index.tmp-00aa11');
  const young = join(`${path}.gait`, '.index.tmp-00aa22');
  const other = join(`${path}.gait`, 'notes.txt');
  for (const file of [old, young, other]) writeFileSync(file, 'x');
  const twoMinutesAgo = Date.now() / 1000 - 120;
  utimesSync(old, twoMinutesAgo, twoMinutesAgo);
  utimesSync(other, twoMinutesAgo, twoMinutesAgo);
  await withJournal(path, async (journal) => {
    await journal.append(toolCall(2));
  });
  expect([old, young, other].map((file) => existsSync(file))).toEqual([false, true, true]);
});
