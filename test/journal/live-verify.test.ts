import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openJournal, verifyJournal } from '../../src/index.js';
import { appendTogether, names } from '../support/appending.js';
import { newJournal } from '../support/linear-journal.js';

test('a journal that is written to while it is verified has lost nothing', async () => {
  const path = await newJournal();
  const append = async (prefix: string): Promise<void> => {
    const journal = await openJournal(path);
    await appendTogether(journal, names(3, prefix));
    await journal.close();
  };
  await append('before');
  const before = readFileSync(path);
  const index = `${path}.gait/index`;
  copyFileSync(index, `${index}.before`);
  await append('meanwhile');
  const after = { journal: readFileSync(path), index: readFileSync(index) };
  // As it was when the verifier came; the writer's lines and index appear while it reads.
  writeFileSync(path, before);
  copyFileSync(`${index}.before`, index);
  const report = await verifyJournal(path, {
    onProgress: () => {
      writeFileSync(path, after.journal);
      writeFileSync(index, after.index);
    },
  });
  expect(report).toMatchObject({ ok: true, problem_count: 0 });
});
