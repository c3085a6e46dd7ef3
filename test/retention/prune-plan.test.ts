/** Dry runs, and plans that are carried out later: exactly that plan, or nothing. */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isGaitError, openJournal, type GaitError } from '../../src/index.js';
import { executePrune, planPrune, setHold, type PlanDifference } from '../../src/retention/index.js';
import { caught, withJournal } from '../support/journal-fixtures.js';
import { addCompacted, addSession, addTrace, at, DAY_MS, event, KEY, newRoot, NOW, type Root } from './roots.js';
import { fullSnapshot } from './snapshot.js';

const MEDIUM = { ...at(NOW), profile: 'medium' };

async function execute(place: Root, expected: Parameters<typeof executePrune>[0], nowMs = NOW): Promise<number> {
  const options = { ...at(nowMs), profile: 'medium', root: place.root, key: KEY };
  return (await executePrune(expected, options)).removed_count;
}

async function filled(): Promise<Root> {
  const place = newRoot();
  await addSession(place, 'old', { ageDays: 60 });
  await addCompacted(place, 'live', { ageDays: [60, 50, 1] });
  await addSession(place, 'young', { ageDays: 2 });
  addTrace(place, 't1', 60);
  return place;
}

describe('a dry run', () => {
  test('changes no byte, time or entry under the root', async () => {
    const place = await filled();
    await setHold(place.root, { sessionId: 'x', reason: 'r', actor: 'a' }, at(NOW));
    writeFileSync(join(place.root, 'notes.txt'), 'mine');
    const before = fullSnapshot(place.root);
    const plan = await planPrune(place.root, MEDIUM);
    expect(plan.delete_count).toBe(4);
    expect(fullSnapshot(place.root)).toEqual(before);
  });

  test('says the same twice, and time alone changes nothing', async () => {
    const place = await filled();
    const plan = await planPrune(place.root, MEDIUM);
    const later = await planPrune(place.root, { ...at(NOW + 3_600_000), profile: 'medium' });
    expect(later.plan_digest).toBe(plan.plan_digest);
    expect(await execute(place, plan.plan_digest, NOW + 3_600_000)).toBe(4);
  });

  test('follows no link and touches no file that it does not know', async () => {
    const place = await filled();
    const outside = newRoot();
    await addSession(outside, 'far', { ageDays: 60 });
    const trace = addTrace(outside, 'far', 60);
    symlinkSync(outside.root, join(place.root, 'away'));
    symlinkSync(trace, join(place.root, 'trace_far.json'));
    writeFileSync(join(place.root, 'notes.txt'), 'mine');
    mkdirSync(join(place.root, 'deeper'));
    await addSession({ ...place, root: join(place.root, 'deeper') }, 'deep', { ageDays: 60 });
    const plan = await planPrune(place.root, MEDIUM);
    expect(plan.not_looked_into.map(({ path }) => path)).toEqual(['away', 'trace_far.json']);
    expect([plan.unknown_files, plan.items.some(({ path }) => path === 'deeper/deep.jsonl')]).toEqual([1, true]);
    expect(await execute(place, plan)).toBe(5);
    for (const path of [outside.path('far'), trace, join(place.root, 'notes.txt'), join(place.root, 'away')]) {
      expect([path, existsSync(path)]).toEqual([path, true]);
    }
  });
});

describe('a plan that something has happened to since', () => {
  async function append(path: string): Promise<void> {
    await withJournal(path, (journal) => journal.append(event(9)), at(NOW));
  }

  test.each<[string, string, (place: Root) => Promise<void>]>([
    ['an append', 'content_changed', (place) => append(place.path('live'))],
    [
      'a hold',
      'hold_added',
      async (place) => void (await setHold(place.root, { sessionId: 'old', reason: 'case', actor: 'legal' }, at(NOW))),
    ],
    ['a new session', 'item_added', async (place) => void (await addSession(place, 'new', { ageDays: 0 }))],
    ['an item that is gone', 'item_removed', async (place) => Promise.resolve(removeTrace(place))],
  ])('is refused after %s, saying so, and nothing changes', async (_, kind, change) => {
    const place = await filled();
    const plan = await planPrune(place.root, MEDIUM);
    await change(place);
    const before = fullSnapshot(place.root);
    for (const expected of [plan, plan.plan_digest]) {
      const error: GaitError = await caught(execute(place, expected));
      expect([error.code, error.category]).toEqual(['PLAN_STALE', 'unsafe_operation']);
      const differences = error.details['differences'] as readonly PlanDifference[];
      expect(differences.length).toBeGreaterThan(0);
      if (expected === plan) expect(differences.map((difference) => difference.kind)).toContain(kind);
    }
    expect(fullSnapshot(place.root)).toEqual(before);
  });

  function removeTrace(place: Root): void {
    rmSync(join(place.root, 'trace_t1.json'));
  }

  test('is refused when the policy is another one', async () => {
    const place = await filled();
    const plan = await planPrune(place.root, MEDIUM);
    const options = { ...at(NOW), profile: 'short', root: place.root, key: KEY };
    const error = await caught(executePrune(plan, options));
    expect(error.code).toBe('PLAN_STALE');
    expect(error.details['differences']).toContainEqual(expect.objectContaining({ kind: 'policy_changed' }));
  });

  test('is refused when time has changed an action', async () => {
    const place = await filled();
    const plan = await planPrune(place.root, MEDIUM);
    const error = await caught(execute(place, plan.plan_digest, NOW + 40 * DAY_MS));
    expect(error.code).toBe('PLAN_STALE');
    expect(JSON.stringify(error.details['differences'])).toContain('young.jsonl');
  });

  test('was carried out already: to repeat it does nothing and is no failure', async () => {
    const place = await filled();
    const { plan_digest: digest } = await planPrune(place.root, MEDIUM);
    expect(await execute(place, digest)).toBe(4);
    expect(await execute(place, digest)).toBe(0);
  });
});

describe('what is never removed', () => {
  test('W2: a live session, whatever its age by the clock of the file, and the runpack that its chain lists', async () => {
    const place = newRoot();
    const pack = join(place.root, 'runpack_1.zip');
    const path = await addSession(place, 'live', {
      ageDays: 10,
      end: 'open',
      work: async (journal) => void (await journal.checkpoint({ key: KEY, out: pack })),
    });
    const { items } = await planPrune(place.root, { ...at(NOW), profile: 'medium', kind: 'export' });
    expect(items.find(({ kind }) => kind === 'export')).toMatchObject({ action: 'keep', reasons: ['referenced'] });
    const all = await planPrune(place.root, MEDIUM);
    expect(all.delete_count).toBe(0);
    const writer = await openJournal(path, at(NOW));
    await writer.append(event(9));
    await writer.close();
  });

  test('W2: a whole session goes with every file beside it, and none of them stays behind alone', async () => {
    const place = newRoot();
    await addSession(place, 'old', {
      ageDays: 60,
      work: async (journal) => {
        await journal.append(event(3), { payload: { content: Buffer.from('evidence') } });
        await journal.checkpoint({ key: KEY, out: join(place.root, 'runpack_old.zip') });
      },
    });
    expect(Object.keys(fullSnapshot(place.root))).toContain('old_chain.json');
    const plan = await planPrune(place.root, MEDIUM);
    // The runpack goes too: what refers to it goes as a whole.
    expect(await execute(place, plan)).toBe(2);
    expect(Object.keys(fullSnapshot(place.root)).filter((name) => name.includes('old'))).toEqual([]);
  });

  test('W2: a session that somebody writes to at that moment stays, and the receipt says so', async () => {
    const place = newRoot();
    const path = await addSession(place, 'old', { ageDays: 60, end: 'sealed' });
    const plan = await planPrune(place.root, MEDIUM);
    expect(plan.delete_count).toBe(1);
    const writer = await openJournal(path, { ...at(NOW), lock: 'exclusive' });
    const options = { ...MEDIUM, root: place.root, key: KEY, lockTimeoutMs: 50 };
    const receipt = await executePrune(plan, options);
    expect([receipt.removed_count, receipt.left_count]).toEqual([0, 1]);
    await writer.append(event(9));
    await writer.close();
  });

  test('W34: an age comes from the evidence, never from the time of a file', async () => {
    const place = await filled();
    const before = (await planPrune(place.root, MEDIUM)).plan_digest;
    for (const name of ['old.jsonl', 'young.jsonl', 'trace_t1.json']) utimesSync(join(place.root, name), 1, 1);
    expect((await planPrune(place.root, MEDIUM)).plan_digest).toBe(before);
    const now = NOW / 1000;
    for (const name of ['old.jsonl', 'young.jsonl', 'trace_t1.json']) utimesSync(join(place.root, name), now, now);
    expect((await planPrune(place.root, MEDIUM)).plan_digest).toBe(before);
  });

  test('a session dated in the future, with a warning', async () => {
    const place = newRoot();
    await addSession(place, 'ahead', { ageDays: -400 });
    const plan = await planPrune(place.root, MEDIUM);
    expect(plan).toMatchObject({ delete_count: 0, warnings: [{ kind: 'future_dated' }] });
    expect(plan.items[0]?.reasons).toContain('future_dated');
  });

  test('anything, by a clock that was set back', async () => {
    const place = await filled();
    const plan = await planPrune(place.root, MEDIUM);
    await setHold(place.root, { sessionId: 'x', reason: 'r', actor: 'a' }, at(NOW));
    const back = NOW - 6 * 60_000;
    const before = fullSnapshot(place.root);
    for (const attempt of [
      () => planPrune(place.root, { ...at(back), profile: 'medium' }),
      () => execute(place, plan, back),
      () => setHold(place.root, { sessionId: 'x', reason: 'r', actor: 'a' }, at(back)),
    ]) {
      const error: unknown = await attempt().catch((thrown: unknown) => thrown);
      expect(isGaitError(error) && [error.code, error.category]).toEqual(['CLOCK_SET_BACK', 'unsafe_operation']);
    }
    const { 'gait.ledger.jsonl.gait/guard': _guard, ...rest } = fullSnapshot(place.root);
    const { 'gait.ledger.jsonl.gait/guard': _before, ...restBefore } = before;
    expect(rest).toEqual(restBefore);
    expect((await planPrune(place.root, { ...at(NOW - 4 * 60_000), profile: 'medium' })).delete_count).toBe(4);
  });

  test('evidence that does not verify: the whole run stops', async () => {
    const place = await filled();
    const plan = await planPrune(place.root, MEDIUM);
    const path = place.path('old');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"tool.1"', '"tool.7"'));
    const before = fullSnapshot(place.root);
    const error = await caught(execute(place, plan));
    expect([error.code, error.category]).toEqual(['JOURNAL_CORRUPT', 'verification_failed']);
    for (const name of ['old.jsonl', 'live.jsonl', 'trace_t1.json']) {
      expect(fullSnapshot(place.root)[name]).toBe(before[name]);
    }
  });
});
