import { describe, expect, test } from 'vitest';
import { plan } from '../../src/retention/plan.js';
import { BUILT_IN_PROFILES } from '../../src/retention/profiles.js';
import type { PlanFilter, PlannedItem, PrunePlan } from '../../src/retention/plan-types.js';
import type { Hold, InventoryItem, RetentionPolicy } from '../../src/retention/types.js';
import { DAY_MS, file, hold, HOUR_MS, NOW_MS, payload, policyOf, segment, session } from './inventories.js';

const MEDIUM: RetentionPolicy = { profiles: BUILT_IN_PROFILES, defaultProfile: 'medium' };

function planOf(
  items: readonly InventoryItem[],
  policy = MEDIUM,
  holds: readonly Hold[] = [],
  filter: PlanFilter = {},
): PrunePlan {
  return plan({ items }, policy, holds, NOW_MS, filter);
}

function decisionOn(made: PrunePlan, id: string): Pick<PlannedItem, 'action' | 'rule' | 'reasons'> {
  const item = made.items.find((listed) => listed.id === id);
  if (item === undefined) throw new Error(`${id} is not listed`);
  return { action: item.action, reasons: item.reasons, ...(item.rule === undefined ? {} : { rule: item.rule }) };
}

const going = (rule: string): unknown => ({ action: 'delete', rule, reasons: [] });
const kept = (...reasons: string[]): unknown => ({ action: 'keep', reasons });
const blocked = (rule: string, ...reasons: string[]): unknown => ({ action: 'keep', rule, reasons });

describe('without a profile', () => {
  test('nothing is ever pruned', () => {
    const made = planOf([session('a', 900 * DAY_MS), file('t.json', 900 * DAY_MS)], {
      profiles: BUILT_IN_PROFILES,
      defaultProfile: undefined,
    });
    expect(made.delete_count).toBe(0);
    expect(decisionOn(made, 'a.jsonl')).toEqual(kept('no_rule'));
  });

  test('a session that names one is', () => {
    const policy = { profiles: BUILT_IN_PROFILES, defaultProfile: undefined };
    expect(decisionOn(planOf([session('a', 4 * DAY_MS, { profile: 'short' })], policy), 'a.jsonl')).toEqual(
      going('max_age'),
    );
  });

  test('and a profile that nobody knows keeps what it decides over, with a warning', () => {
    const made = planOf([session('a', 900 * DAY_MS, { profile: 'shrot' })]);
    expect(decisionOn(made, 'a.jsonl')).toEqual(kept('unknown_profile'));
    expect(made.warnings.map(({ kind, id }) => [kind, id])).toEqual([['unknown_profile', 'a.jsonl']]);
  });
});

describe('the age of a session', () => {
  test('must be over the limit, not at it', () => {
    const made = planOf([session('at', 14 * DAY_MS), session('over', 14 * DAY_MS + 1)]);
    expect(decisionOn(made, 'at.jsonl')).toEqual(kept('within_limits'));
    expect(decisionOn(made, 'over.jsonl')).toEqual(going('max_age'));
  });

  test('protects it for three days whatever a limit says', () => {
    const policy = policyOf({ session: { maxAgeMs: HOUR_MS, minAgeMs: 3 * DAY_MS } });
    const made = planOf([session('young', 3 * DAY_MS - 1), session('old', 3 * DAY_MS)], policy);
    expect(decisionOn(made, 'young.jsonl')).toEqual(blocked('max_age', 'min_age'));
    expect(decisionOn(made, 'old.jsonl')).toEqual(going('max_age'));
  });

  test('in the future keeps it and is warned of (W34: a clock, not the age of a file)', () => {
    const made = planOf([session('a', -HOUR_MS, { segments: [segment(0, 90 * DAY_MS)], isClosed: false })]);
    expect(decisionOn(made, 'a.jsonl')).toEqual(kept('future_dated'));
    expect(decisionOn(made, 'a.jsonl#segment/segment0')).toEqual(blocked('max_age', 'future_dated'));
    expect(made.warnings.map(({ kind }) => kind)).toContain('future_dated');
  });

  test('that nobody knows keeps it', () => {
    const made = planOf([session('a', 0, { timeMs: undefined }), session('b', 90 * DAY_MS, { unreadable: 'torn' })]);
    expect(decisionOn(made, 'a.jsonl')).toEqual(kept('unreadable'));
    expect(decisionOn(made, 'b.jsonl')).toEqual(blocked('max_age', 'unreadable'));
  });
});

describe('a session', () => {
  test.each([
    ['unsealed_tail', { isSealed: false, isSigned: false }],
    ['unsigned_tail', { isSigned: false }],
  ])('stays with %s', (reason, fields) => {
    expect(decisionOn(planOf([session('a', 90 * DAY_MS, fields)]), 'a.jsonl')).toEqual(blocked('max_age', reason));
  });

  test('that is not closed goes once it was idle for longer than its limit', () => {
    const made = planOf([
      session('a', 13 * DAY_MS, { isClosed: false }),
      session('b', 15 * DAY_MS, { isClosed: false }),
    ]);
    expect(decisionOn(made, 'a.jsonl')).toEqual(kept('within_limits'));
    expect(decisionOn(made, 'b.jsonl')).toEqual(going('max_age'));
  });

  test('that is not closed does not go for count or bytes (W2: never a live file)', () => {
    const policy = policyOf({ session: { maxCount: 1, maxBytes: 1 } });
    const made = planOf([session('a', 90 * DAY_MS, { isClosed: false }), session('b', DAY_MS)], policy);
    expect(decisionOn(made, 'a.jsonl')).toEqual(blocked('max_count', 'not_closed'));
    expect(decisionOn(made, 'b.jsonl')).toEqual(going('max_count'));
  });

  test('under a hold survives every limit, with all its parts and files, and says so', () => {
    const items = [
      session('a', 900 * DAY_MS, {
        isClosed: false,
        isSealed: false,
        segments: [segment(0, 900 * DAY_MS)],
        payloads: [payload(1, 900 * DAY_MS)],
      }),
      file('t.json', 900 * DAY_MS, { sessionIds: ['a'] }),
    ];
    const rule = { maxAgeMs: 1, maxCount: 1, maxBytes: 1 };
    const policy = policyOf({ session: rule, trace: rule, payload: rule });
    const made = planOf(items, policy, [hold(1, 'a')]);
    expect(made.delete_count).toBe(0);
    expect(made.items.every(({ reasons }) => reasons.includes('held'))).toBe(true);
    expect(made.items[0]?.because).toEqual(['hold 1 on a by counsel: dispute']);
    expect(planOf(items, policy).delete_count).toBeGreaterThan(0);
  });

  test('of the ledger is never listed, nor are its files', () => {
    const items = [session('gait.ledger', 900 * DAY_MS), file('t.json', 900 * DAY_MS, { sessionIds: ['gait.ledger'] })];
    expect(planOf(items).items).toEqual([]);
  });
});

describe('segments', () => {
  const segments = [segment(0, 30 * DAY_MS), segment(1, 20 * DAY_MS), segment(2, 10 * DAY_MS)];
  const ids = segments.map(({ name }) => `a.jsonl#segment/${name}`);

  test('of a live session go from the front, by the age of the checkpoint that ends them', () => {
    const made = planOf([session('a', 0, { isClosed: false, isSealed: false, isSigned: false, segments })]);
    expect(ids.map((id) => decisionOn(made, id))).toEqual([going('max_age'), going('max_age'), kept('within_limits')]);
    expect(made.delete_bytes).toBe(200);
    expect(made.keep_bytes).toBe(800);
  });

  test('behind one that stays do stay', () => {
    const unsigned = [segment(0, 30 * DAY_MS, { isSigned: false }), ...segments.slice(1)];
    const made = planOf([session('a', 0, { isClosed: false, segments: unsigned })]);
    expect(ids.map((id) => decisionOn(made, id))).toEqual([
      blocked('max_age', 'unsigned_tail'),
      blocked('max_age', 'older_kept'),
      kept('within_limits'),
    ]);
  });

  test('go in the order of the log even when a clock was set back between them', () => {
    const turned = [segment(0, 10 * DAY_MS), segment(1, 30 * DAY_MS)];
    const made = planOf([session('a', 0, { isClosed: false, segments: turned })]);
    expect(made.delete_count).toBe(0);
  });

  test('of a closed session stay until all of it goes, and are then not listed', () => {
    const made = planOf([session('a', 2 * DAY_MS, { segments }), session('b', 20 * DAY_MS, { segments })]);
    expect(ids.map((id) => decisionOn(made, id))).toEqual(segments.map(() => kept('whole_session')));
    expect(made.items.filter(({ path }) => path === 'b.jsonl').map(({ unit }) => unit)).toEqual(['session']);
  });

  test('make room for bytes before younger sessions do', () => {
    const policy = policyOf({ session: { maxBytes: 1900 } });
    const live = session('a', 0, { isClosed: false, segments });
    const made = planOf([live, session('b', 15 * DAY_MS)], policy);
    expect(ids.map((id) => decisionOn(made, id).action)).toEqual(['delete', 'keep', 'keep']);
    expect(decisionOn(made, 'b.jsonl').action).toBe('keep');
  });
});

test('what age lets go of counts for bytes no more', () => {
  const segments = [segment(0, 30 * DAY_MS), segment(1, 20 * DAY_MS)];
  const live = session('a', 0, { isClosed: false, segments });
  const made = planOf(
    [live, session('b', 10 * DAY_MS)],
    policyOf({ session: { maxAgeMs: 25 * DAY_MS, maxBytes: 1900 } }),
  );
  expect(made.items.filter(({ action }) => action === 'delete').map(({ id }) => id)).toEqual([
    'a.jsonl#segment/segment0',
  ]);
});

describe('count and bytes', () => {
  const sessions = [session('a', 5 * DAY_MS), session('b', 6 * DAY_MS), session('c', 4 * DAY_MS)];

  test('are met by the oldest', () => {
    const byCount = planOf(sessions, policyOf({ session: { maxCount: 2 } }));
    expect(decisionOn(byCount, 'b.jsonl')).toEqual(going('max_count'));
    expect(byCount.delete_count).toBe(1);
    const byBytes = planOf(sessions, policyOf({ session: { maxBytes: 1500 } }));
    expect(byBytes.items.map(({ action }) => action)).toEqual(['delete', 'delete', 'keep']);
  });

  test('break ties by path', () => {
    const made = planOf([session('z', DAY_MS), session('y', DAY_MS)], policyOf({ session: { maxCount: 1 } }));
    expect(decisionOn(made, 'y.jsonl')).toEqual(going('max_count'));
  });

  test('pass over what a floor keeps, and say what is still over and why', () => {
    const made = planOf(sessions, policyOf({ session: { maxCount: 1, keepLast: 2 } }), [hold(1, 'b')]);
    expect(decisionOn(made, 'b.jsonl')).toEqual(blocked('max_count', 'held'));
    expect(made.delete_count).toBe(0);
    expect(made.shortfalls).toEqual([
      {
        kind: 'session',
        profiles: ['p'],
        rule: 'max_count',
        limit: 1,
        remaining: 3,
        blocked_by: { held: 1, keep_last: 2 },
      },
    ]);
  });

  test('are counted apart for sessions with a profile of their own', () => {
    const profiles = [
      { name: 'p', rules: { session: { maxCount: 1 } } },
      { name: 'q', rules: { session: { maxCount: 1 } } },
    ];
    const items = [session('a', 3 * DAY_MS), session('b', 2 * DAY_MS, { profile: 'q' })];
    expect(planOf(items, { profiles, defaultProfile: 'p' }).delete_count).toBe(0);
  });
});

describe("a session's own profile", () => {
  const own = session('a', 30 * DAY_MS, { profile: 'long' });

  test('wins over that of the root, and is named as the reason', () => {
    const made = planOf([own]);
    expect(decisionOn(made, 'a.jsonl')).toEqual(kept('within_limits', 'own_profile'));
    expect(made.items[0]?.profiles).toEqual(['long']);
  });

  test('also when it is shorter', () => {
    expect(planOf([session('a', 5 * DAY_MS, { profile: 'short' })]).delete_count).toBe(1);
  });

  test.each([
    ['short', 30 * DAY_MS, 0],
    ['short', 61 * DAY_MS, 1],
    ['regulated', 61 * DAY_MS, 0],
  ])('beside %s, named by the caller, the longer limit counts', (defaultProfile, ageMs, count) => {
    const policy = { profiles: BUILT_IN_PROFILES, defaultProfile, isNamedByCaller: true };
    expect(planOf([session('a', ageMs, { profile: 'long' })], policy).delete_count).toBe(count);
  });

  test('decides over its traces and packs too', () => {
    const trace = file('t.json', 20 * DAY_MS, { sessionIds: ['a'] });
    expect(decisionOn(planOf([own, trace]), 't.json')).toEqual(kept('within_limits', 'own_profile'));
    expect(decisionOn(planOf([trace]), 't.json')).toEqual(going('max_age'));
  });
});

describe('what is referred to', () => {
  const referenced = file('t.json', 90 * DAY_MS, {
    referencedBy: ['event 12 of a', 'event 3 of b'],
    referencedBySessions: ['a.jsonl', 'b.jsonl'],
  });

  test('stays while a session that refers to it stays', () => {
    const made = planOf([session('a', 90 * DAY_MS), session('b', DAY_MS), referenced]);
    expect(decisionOn(made, 't.json')).toEqual(blocked('max_age', 'referenced'));
    expect(made.items.find(({ id }) => id === 't.json')?.because).toEqual(['event 12 of a', 'event 3 of b']);
  });

  test('goes with the last of them', () => {
    const made = planOf([session('a', 90 * DAY_MS), session('b', 90 * DAY_MS), referenced]);
    expect(decisionOn(made, 't.json')).toEqual(going('max_age'));
  });

  test('stays when the sessions go, but not in this plan', () => {
    const items = [session('a', 90 * DAY_MS), session('b', 90 * DAY_MS), referenced];
    expect(planOf(items, MEDIUM, [], { kind: 'trace' }).delete_count).toBe(0);
  });

  test('stays for good when something else refers to it', () => {
    const made = planOf([file('t.json', 90 * DAY_MS, { referencedBy: ['chain c'] })]);
    expect(decisionOn(made, 't.json')).toEqual(blocked('max_age', 'referenced'));
  });
});

describe('payloads', () => {
  const rules = { session: { maxAgeMs: 90 * DAY_MS }, payload: { maxAgeMs: 7 * DAY_MS } };

  test('go by their own limit, from closed sessions too, when a signature covers their events', () => {
    const payloads = [payload(1, 8 * DAY_MS), payload(2, 6 * DAY_MS)];
    const made = planOf([session('a', 2 * DAY_MS, { payloads })], policyOf(rules));
    expect(decisionOn(made, 'a.jsonl#payload/payload1')).toEqual(going('max_age'));
    expect(decisionOn(made, 'a.jsonl#payload/payload2')).toEqual(kept('within_limits'));
  });

  test.each([
    [{}, ['keep', 'keep']],
    [{ segments: [segment(0, DAY_MS)] }, ['delete', 'keep']],
    [{ signedToSequence: 3 }, ['delete', 'delete']],
  ])('stay in a tail that is not sealed: %j', (fields, actions) => {
    const payloads = [payload(2, 8 * DAY_MS), payload(3, 8 * DAY_MS)];
    const live = session('a', 0, { isClosed: false, isSealed: false, isSigned: false, payloads, ...fields });
    const made = planOf([live], policyOf(rules), [], { kind: 'payload' });
    expect(made.items.map(({ action }) => action)).toEqual(actions);
  });

  test('are not listed when they go with their session or segment', () => {
    const gone = session('a', 91 * DAY_MS, { payloads: [payload(1, 91 * DAY_MS)] });
    const live = session('b', 0, {
      isClosed: false,
      segments: [segment(0, 91 * DAY_MS)],
      payloads: [payload(2, 91 * DAY_MS), payload(3, 0)],
    });
    const made = planOf([gone, live], policyOf(rules));
    expect(made.items.filter(({ unit }) => unit === 'payload').map(({ id }) => id)).toEqual([
      'b.jsonl#payload/payload3',
    ]);
  });
});
