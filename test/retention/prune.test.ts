import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { verifyJournal } from '../../src/index.js';
import { executePrune, planPrune } from '../../src/retention/index.js';
import { addSession, addTrace, at, KEY, newRoot, NOW } from './roots.js';

describe('a prune', () => {
  test('removes what the plan says, and nothing else', async () => {
    const place = newRoot();
    const old = await addSession(place, 'old', { ageDays: 30 });
    const young = await addSession(place, 'young', { ageDays: 1 });
    const trace = addTrace(place, 't1', 30);
    const plan = await planPrune(place.root, { ...at(NOW), profile: 'medium' });
    expect(plan.items.filter(({ action }) => action === 'delete').map(({ path }) => path)).toEqual([
      'old.jsonl',
      'trace_t1.json',
    ]);
    const receipt = await executePrune(plan, { ...at(NOW), profile: 'medium', root: place.root, key: KEY });
    expect(receipt).toMatchObject({ removed_count: 2, left_count: 0 });
    expect([old, young, trace].map((path) => existsSync(path))).toEqual([false, true, false]);
    expect(readdirSync(place.root).toSorted()).toEqual([
      'gait.ledger.jsonl',
      'gait.ledger.jsonl.gait',
      'gait.ledger.jsonl.state.json',
      'young.jsonl',
      'young.jsonl.gait',
      'young.jsonl.state.json',
    ]);
    expect(await verifyJournal(`${place.root}/gait.ledger.jsonl`, { publicKeys: [KEY.publicKey] })).toMatchObject({
      ok: true,
      signature_status: 'verified',
    });
  });
});
