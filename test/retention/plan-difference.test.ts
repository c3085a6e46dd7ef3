import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explainDifference } from '../../src/retention/plan-difference.js';
import { guessDifference } from '../../src/retention/plan-guess.js';
import { plan } from '../../src/retention/plan.js';
import type { PlanDifference, PlanFilter, PrunePlan } from '../../src/retention/plan-types.js';
import { BUILT_IN_PROFILES } from '../../src/retention/profiles.js';
import type { Hold, InventoryItem, RetentionPolicy, RetentionRule } from '../../src/retention/types.js';
import {
  DAY_MS,
  file,
  hold,
  holdLists,
  HOUR_MS,
  inventories,
  NOW_MS,
  payload,
  policies,
  segment,
  session,
} from './inventories.js';

interface Situation {
  readonly items: readonly InventoryItem[];
  readonly policy: RetentionPolicy;
  readonly holds: readonly Hold[];
  readonly nowMs: number;
  readonly filter: PlanFilter;
}

const BEFORE: Situation = {
  items: [
    session('a', 20 * DAY_MS),
    session('b', 13 * DAY_MS),
    session('c', 0, { isClosed: false, segments: [segment(0, 30 * DAY_MS)], payloads: [payload(3, DAY_MS)] }),
    file('t.json', 3 * DAY_MS),
  ],
  policy: { profiles: BUILT_IN_PROFILES, defaultProfile: 'medium' },
  holds: [hold(1, 'x')],
  nowMs: NOW_MS,
  filter: {},
};

function planOf(change: Partial<Situation> = {}): PrunePlan {
  const { items, policy, holds, nowMs, filter } = { ...BEFORE, ...change };
  return plan({ items }, policy, holds, nowMs, filter);
}

/** Kind and id of each difference. */
function facts(differences: readonly PlanDifference[]): string[] {
  return differences.map(({ kind, id }) => (id === undefined ? kind : `${kind} ${id}`));
}

const MORE_ITEMS = [...BEFORE.items, file('z.json', DAY_MS)];
const GROWN = BEFORE.items.map((item) =>
  item.kind === 'session' && item.sessionId === 'b' ? { ...item, head: 'next', treeSize: 11 } : item,
);
const LONGER = BUILT_IN_PROFILES.map((profile) =>
  profile.name === 'medium'
    ? { ...profile, rules: { trace: { maxAgeMs: 900 * DAY_MS } satisfies RetentionRule } }
    : profile,
);

describe('the difference between two plans', () => {
  test.each<[string, Partial<Situation>, string[]]>([
    ['nothing', {}, []],
    ['time alone', { nowMs: NOW_MS + HOUR_MS }, []],
    ['time that changes an action', { nowMs: NOW_MS + 2 * DAY_MS }, ['action_changed b.jsonl']],
    ['a new item', { items: MORE_ITEMS }, ['item_added z.json']],
    ['an item that is gone', { items: BEFORE.items.slice(0, 3) }, ['item_removed t.json']],
    ['an append', { items: GROWN }, ['content_changed b.jsonl']],
    ['a hold', { holds: [...BEFORE.holds, hold(2, 'y')] }, ['hold_added y']],
    ['a hold that bites', { holds: [...BEFORE.holds, hold(2, 'a')] }, ['hold_added a', 'action_changed a.jsonl']],
    ['a hold released', { holds: [] }, ['hold_removed x']],
    ['a filter', { filter: { kind: 'trace' } }, ['scope_changed', ...goneExcept('t.json')]],
  ])('%s', (_what, change, differences) => {
    expect(facts(explainDifference(planOf(), planOf(change)))).toEqual(differences);
  });

  test('an edited policy', () => {
    const policy = { profiles: LONGER, defaultProfile: 'medium' };
    const found = facts(explainDifference(planOf(), planOf({ policy })));
    expect(found).toEqual([
      'policy_changed medium',
      'action_changed a.jsonl',
      'action_changed c.jsonl#segment/segment0',
    ]);
  });

  test('another profile, and none', () => {
    const other = { profiles: BUILT_IN_PROFILES, defaultProfile: 'long' };
    expect(facts(explainDifference(planOf(), planOf({ policy: other })))).toContain('policy_changed');
    const none = { profiles: BUILT_IN_PROFILES, defaultProfile: undefined };
    expect(facts(explainDifference(planOf({ policy: none }), planOf()))).toContain('policy_changed medium');
  });

  test('is none between two plans without a profile, whoever asked for none', () => {
    const [one, other] = [false, true].map((isNamedByCaller) =>
      plan({ items: [] }, { profiles: [], defaultProfile: undefined, isNamedByCaller }, [], NOW_MS),
    );
    expect(one?.plan_digest).toBe(other?.plan_digest);
  });

  test('is found exactly when the digests differ, for any two situations', () => {
    const situation = fc.tuple(inventories, policies, holdLists);
    fc.assert(
      fc.property(situation, situation, fc.integer({ min: 0, max: 4 }), (one, other, mix) => {
        const [inventory, policy, holds] = one.map((part, i) => (i === mix ? other[i] : part)) as typeof one;
        const before = plan(one[0], one[1], one[2], NOW_MS);
        const now = plan(inventory, policy, holds, NOW_MS + mix * HOUR_MS);
        const isSame = before.plan_digest === now.plan_digest;
        expect(explainDifference(before, now).length === 0).toBe(isSame);
      }),
      { numRuns: 500 },
    );
  });
});

describe('when only the digest is known', () => {
  function guess(
    change: Partial<Situation>,
    before: Partial<Situation> = {},
    released: readonly Hold[] = [],
  ): string[] {
    const { items, policy, holds, nowMs, filter } = { ...BEFORE, ...change };
    const { plan_digest: digest } = planOf(before);
    return facts(guessDifference(digest, { items }, policy, holds, nowMs, filter, released));
  }

  test.each<[string, Partial<Situation>, string[]]>([
    ['nothing', {}, []],
    ['time that changed an action', { nowMs: NOW_MS + 2 * DAY_MS }, ['action_changed b.jsonl']],
    [
      'time that changed two actions at two times',
      { nowMs: NOW_MS + 5 * DAY_MS },
      ['action_changed b.jsonl', 'action_changed t.json'],
    ],
    ['a new item', { items: MORE_ITEMS }, ['item_added z.json']],
    ['a new hold', { holds: [...BEFORE.holds, hold(2, 'a')] }, ['hold_added a']],
    ['an append, which cannot be undone here', { items: GROWN }, ['unknown']],
    ['a new item and a hold', { items: MORE_ITEMS, holds: [] }, ['unknown']],
  ])('the one change is found that explains it: %s', (_what, change, differences) => {
    expect(guess(change)).toEqual(differences);
  });

  test('a released hold is found among those that were', () => {
    expect(guess({ holds: [] }, {}, [hold(7, 'y'), hold(1, 'x')])).toEqual(['hold_removed x']);
  });

  test('time that ended a grace time is found', () => {
    const policy = {
      profiles: [{ name: 'p', rules: { trace: { maxCount: 1, minAgeMs: 2 * DAY_MS } } }],
      defaultProfile: 'p',
    };
    const items = [file('t.json', DAY_MS), file('u.json', 0)];
    expect(guess({ items, policy, nowMs: NOW_MS + DAY_MS }, { items, policy })).toEqual(['action_changed t.json']);
  });

  test('the work is bounded, however much there is', () => {
    const items = Array.from({ length: 2_000 }, (_, i) => session(`s${i}`, (20 + i / 100) * DAY_MS));
    let plans = 0;
    const counted = new Proxy(items, {
      get: (target, key, self) => {
        if (key === 'filter') plans++;
        return Reflect.get(target, key, self) as unknown;
      },
    });
    const found = guessDifference('0'.repeat(64), { items: counted }, BEFORE.policy, [], NOW_MS);
    expect(facts(found)).toEqual(['unknown']);
    expect(plans).toBeLessThan(2 * 250);
  });
});

function goneExcept(kept: string): string[] {
  return planOf()
    .items.map(({ id }) => id)
    .filter((id) => id !== kept)
    .map((id) => `item_removed ${id}`);
}
