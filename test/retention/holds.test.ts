import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { executePrune, isInForce, listHolds, planPrune, releaseHold, setHold } from '../../src/retention/index.js';
import { verify } from '../../src/index.js';
import { caught } from '../support/journal-fixtures.js';
import { addCompacted, addSession, at, KEY, newRoot, NOW } from './roots.js';

const HOLD = { reason: 'case 12', actor: 'legal' };
const OPTIONS = at(NOW);

describe('a hold', () => {
  test('keeps a session through every profile and every limit, and its segments', async () => {
    const place = newRoot();
    await addSession(place, 's1', { ageDays: 4_000 });
    await addCompacted(place, 's2', { ageDays: [4_000, 3_900, 1] });
    for (const id of ['s1', 's2']) await setHold(place.root, { sessionId: id, ...HOLD }, OPTIONS);
    for (const profile of ['short', 'medium', 'long', 'regulated']) {
      const plan = await planPrune(place.root, { ...OPTIONS, profile });
      expect([profile, plan.delete_count]).toEqual([profile, 0]);
      await executePrune(plan, { ...OPTIONS, profile, root: place.root, key: KEY });
    }
    expect(existsSync(place.path('s1'))).toBe(true);
    expect(await verify(place.root, { publicKeys: [KEY.publicKey] })).toMatchObject({ ok: true, intact: 2 });
  });

  test('set between plan and execution refuses the plan', async () => {
    const place = newRoot();
    await addSession(place, 's1', { ageDays: 60 });
    const options = { ...OPTIONS, profile: 'medium' };
    const plan = await planPrune(place.root, options);
    expect(plan.delete_count).toBe(1);
    await setHold(place.root, { sessionId: 's1', ...HOLD }, OPTIONS);
    const error = await caught(executePrune(plan, { ...options, root: place.root, key: KEY }));
    expect([error.code, existsSync(place.path('s1'))]).toEqual(['PLAN_STALE', true]);
  });

  test('is not missed because another root was named: above and below count', async () => {
    const place = newRoot();
    const below = join(place.root, 'team');
    mkdirSync(below);
    await addSession({ ...place, root: below }, 's1', { ageDays: 60 });
    const plans = async (): Promise<number[]> =>
      await Promise.all(
        [place.root, below].map(
          async (root) => (await planPrune(root, { ...OPTIONS, profile: 'medium' })).delete_count,
        ),
      );
    expect(await plans()).toEqual([1, 1]);
    await setHold(place.root, { sessionId: 's1', ...HOLD }, OPTIONS);
    expect(await plans()).toEqual([0, 0]);
    await releaseHold(place.root, { sessionId: 's1', ...HOLD }, OPTIONS);
    await setHold(below, { sessionId: 's1', ...HOLD }, OPTIONS);
    expect(await plans()).toEqual([0, 0]);
    const error = await caught(releaseHold(place.root, { sessionId: 's1', ...HOLD }, OPTIONS));
    expect([error.code, error.hint.includes(below)]).toEqual(['INVALID_ARGUMENT', true]);
  });

  test('ends with its release, which names who and why; another one on the session stays', async () => {
    const place = newRoot();
    const first = await setHold(place.root, { sessionId: 's1', ...HOLD }, { ...OPTIONS, key: KEY });
    const second = await setHold(place.root, { sessionId: 's1', reason: 'audit', actor: 'aud' }, OPTIONS);
    expect([first.id, second.id]).toEqual([1, 2]);
    const request = { sessionId: 's1', reason: 'closed', actor: 'boss', holdId: 1 };
    expect(await releaseHold(place.root, request, OPTIONS)).toMatchObject([
      { id: 1, released: { reason: 'closed', actor: 'boss' } },
    ]);
    const all = await listHolds(place.root, OPTIONS);
    expect(all.map((hold) => [hold.id, isInForce(hold)])).toEqual([
      [1, false],
      [2, true],
    ]);
    expect((await caught(releaseHold(place.root, request, OPTIONS))).code).toBe('INVALID_ARGUMENT');
    expect(await releaseHold(place.root, { sessionId: 's1', reason: 'all', actor: 'boss' }, OPTIONS)).toHaveLength(1);
  });

  test.each([
    ['no reason', { sessionId: 's1', reason: ' ', actor: 'a' }],
    ['no actor', { sessionId: 's1', reason: 'r', actor: '' }],
    ['no session', { sessionId: '', reason: 'r', actor: 'a' }],
  ])('is refused with %s, and nothing is written', async (_, request) => {
    const place = newRoot();
    expect((await caught(setHold(place.root, request, OPTIONS))).code).toBe('INVALID_ARGUMENT');
    expect(existsSync(join(place.root, 'gait.ledger.jsonl'))).toBe(false);
  });

  test('is signed when a key is given', async () => {
    const place = newRoot();
    await setHold(place.root, { sessionId: 's1', ...HOLD }, { ...OPTIONS, key: KEY });
    const report = await verify(join(place.root, 'gait.ledger.jsonl'), { publicKeys: [KEY.publicKey] });
    expect(report).toMatchObject({ ok: true, signature_status: 'verified', coverage: { signed_to_sequence: 1 } });
  });

  test('in a root that is not there is refused', async () => {
    const place = newRoot();
    const error = await caught(setHold(join(place.root, 'no'), { sessionId: 's1', ...HOLD }, OPTIONS));
    expect(error.code).toBe('FILE_NOT_FOUND');
  });
});
