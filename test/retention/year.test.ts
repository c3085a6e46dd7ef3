/** A session that lives long, by a clock that moves: what is kept is what the profile says, and the rest stays proved. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { executePrune, openJournal, planPrune, startSession, verify, type RootReport } from '../../src/index.js';
import { newFolder, QUICK, toolCall } from '../support/journal-fixtures.js';
import { KEY } from '../support/sealed-session.js';

const DAY_MS = 86_400_000;
const DAYS = 70;
const EVENTS_A_DAY = 24;
/** Medium keeps sessions for 336 hours; a prune a week lets them grow for another seven days. */
const KEPT_DAYS = 14 + 7 + 1;

function bytesBelow(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

test('ten weeks under the medium profile end with bounded disk and a green verify', async () => {
  const root = newFolder();
  const path = join(root, 's1.jsonl');
  let nowMs = Date.UTC(2026, 0, 1);
  const options = { ...QUICK, clock: () => nowMs };
  await startSession(path, { session_id: 's1', run_id: 'r1' }, options);
  const journal = await openJournal(path, { ...options, compactOver: { events: EVENTS_A_DAY } });
  const events = Array.from({ length: EVENTS_A_DAY }, (_, at) =>
    toolCall(at, { attributes: { note: 'x'.repeat(400) } }),
  );
  const weeks: number[] = [];
  for (let day = 1; day <= DAYS; day += 1) {
    nowMs += DAY_MS;
    await journal.appendAll(events);
    await journal.checkpoint({ key: KEY });
    if (day % 7 !== 0) continue;
    await journal.compact();
    const { plan_digest: digest } = await planPrune(root, {
      profile: 'medium',
      clock: options.clock,
      fileSystem: options.fileSystem,
    });
    await executePrune(digest, { root, profile: 'medium', key: KEY, clock: options.clock });
    weeks.push(bytesBelow(root));
  }
  const receipt = await journal.append(toolCall(1));
  await journal.checkpoint({ key: KEY });
  await journal.close();
  expect(receipt.sequence).toBe(DAYS * EVENTS_A_DAY + 1);

  const report = (await verify(root, { publicKeys: [KEY.publicKey] })) as RootReport;
  expect({ ok: report.ok, problems: report.problems }).toEqual({ ok: true, problems: [] });
  const session = report.sessions.find(({ session_id: id }) => id === 's1');
  expect(session).toMatchObject({ retention: 'pruned (proven)' });
  const alone = await verify(path, { publicKeys: [KEY.publicKey] });
  expect(alone).toMatchObject({ ok: true, kind: 'journal', retention: 'pruned (proven)' });
  if (alone.kind !== 'journal') throw new Error('not a journal');
  expect(alone.coverage.events).toBeLessThanOrEqual(KEPT_DAYS * EVENTS_A_DAY + 1);
  expect(alone.coverage.pruned_to_sequence).toBeGreaterThan((DAYS - KEPT_DAYS) * EVENTS_A_DAY - 1);
  // What stays for good of each day: a checkpoint, a manifest, a tombstone. The lines do not.
  const [fourth = 0, last = 0] = [weeks[3], weeks.at(-1)];
  const linesOfAWeek = 7 * EVENTS_A_DAY * 600;
  expect(last - fourth).toBeLessThan(linesOfAWeek * 6 * 0.6);
});
