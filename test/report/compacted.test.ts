/** A journal whose older lines were moved out by compaction makes the same page as before. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJournal, reportData } from '../../src/index.js';
import { check } from '../../viewer/check.js';
import { readKey } from '../../viewer/note.js';
import { KEY, sealedSession } from '../support/sealed-session.js';

test('compaction changes neither the lines nor the verdict of a report', async () => {
  const { journal } = await sealedSession(40);
  const options = { publicKeys: [KEY.publicKey], clock: () => 0 };
  const before = await reportData(journal, options);
  const { size } = statSync(journal);
  const handle = await openJournal(journal);
  await handle.compact();
  await handle.close();
  expect(statSync(journal).size).toBeLessThan(size);
  const after = await reportData(journal, options);
  expect([after.lines, after.window]).toEqual([before.lines, before.window]);
  const { faults, signatures } = check(after, [readKey(KEY.publicKey.toString('base64'))]);
  expect([faults, signatures]).toEqual([[], 3]);
});

test('what is left of a pruned journal is shown for what it is: signed heads, and no more than that', async () => {
  const { journal } = await sealedSession(40);
  const handle = await openJournal(journal);
  await handle.compact();
  await handle.close();
  const folder = `${journal}.gait/segments`;
  for (const name of readdirSync(folder)) if (!name.endsWith('.json')) rmSync(join(folder, name));
  const data = await reportData(journal, { publicKeys: [KEY.publicKey] });
  expect(data.window.missing).toBe(40);
  const keys = [readKey(KEY.publicKey.toString('base64'))];
  const { faults, signatures, isWhole } = check(data, keys);
  expect([faults, signatures, isWhole]).toEqual([[], 3, false]);
  for (const [at, line] of data.lines.entries()) {
    if (!line.includes('"checkpoint"')) continue;
    const changed = line.replace(/("root_hash":"[0-9a-f]{63})[0-9a-f]/, '$1x');
    expect(check({ ...data, lines: data.lines.with(at, changed) }, keys).faults).not.toEqual([]);
  }
});
