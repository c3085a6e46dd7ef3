/**
 * What changed since a plan of which only the digest is known: one change at a time is undone until the digest comes back.
 * Pure, and bounded: a root of any size is planned again a limited number of times.
 */
import { plan } from './plan.js';
import type { PlanDifference, PlanFilter, PrunePlan } from './plan-types.js';
import { compareText } from './plan-units.js';
import type { Hold, Inventory, InventoryItem, RetentionPolicy } from './types.js';

/** Items planned over, all attempts together; some seconds of work. */
const MAX_WORK_ITEMS = 250_000;
const MAX_ATTEMPTS = 300;
const MIN_ATTEMPTS = 12;

/** One change to undo, and what it means when that gives the digest back. */
interface Attempt {
  readonly replan: () => PrunePlan;
  readonly difference: (now: PrunePlan) => PlanDifference[];
}

/**
 * @param released holds that were in force once, newest last: one of them may have been when the plan was made
 * @returns the one change that explains the digest, in its parts; empty when the digest is that of now
 */
export function guessDifference(
  digest: string,
  inventory: Inventory,
  policy: RetentionPolicy,
  holds: readonly Hold[],
  nowMs: number,
  filter: PlanFilter = {},
  released: readonly Hold[] = [],
): PlanDifference[] {
  const now = plan(inventory, policy, holds, nowMs, filter);
  if (now.plan_digest === digest) return [];
  const replan = (items: readonly InventoryItem[], inForce: readonly Hold[], atMs: number): PrunePlan =>
    plan({ items }, policy, inForce, atMs, filter);
  const { items } = inventory;
  const attempts = takeTurns([
    holds.toReversed().map((hold) => ({
      replan: () =>
        replan(
          items,
          holds.filter((other) => other !== hold),
          nowMs,
        ),
      difference: () => [holdChange('hold_added', hold, 'was set')],
    })),
    released.toReversed().map((hold) => ({
      replan: () => replan(items, [...holds, hold], nowMs),
      difference: () => [holdChange('hold_removed', hold, 'was released')],
    })),
    newestFirst(items).map((item) => ({
      replan: () =>
        replan(
          items.filter((other) => other !== item),
          holds,
          nowMs,
        ),
      difference: () => [{ kind: 'item_added', id: item.path, meaning: `${item.path} is new` }],
    })),
    turningPoints(now, nowMs).map((atMs) => ({
      replan: () => replan(items, holds, atMs),
      difference: (current) => changedByTime(replan(items, holds, atMs), current),
    })),
  ]);
  const budget = Math.min(MAX_ATTEMPTS, Math.max(MIN_ATTEMPTS, Math.floor(MAX_WORK_ITEMS / Math.max(1, items.length))));
  for (const attempt of attempts.slice(0, budget)) {
    if (attempt.replan().plan_digest === digest) return attempt.difference(now);
  }
  const meaning = "the policy, a session's content, or more than one thing has changed since; plan again to see";
  return [{ kind: 'unknown', meaning }];
}

function holdChange(kind: 'hold_added' | 'hold_removed', hold: Hold, what: string): PlanDifference {
  const { id, sessionId, actor, reason } = hold;
  return { kind, id: sessionId, meaning: `hold ${id} on ${sessionId} by ${actor} (${reason}) ${what}` };
}

function changedByTime(before: PrunePlan, now: PrunePlan): PlanDifference[] {
  const was = new Map(before.items.map(({ id, action }) => [id, action]));
  return now.items
    .filter(({ id, action }) => was.get(id) !== action)
    .map(({ id, action }) => ({
      kind: 'action_changed',
      id,
      meaning: `time has passed, and ${id} is to ${action === 'delete' ? 'go' : 'stay'} now`,
    }));
}

function newestFirst(items: readonly InventoryItem[]): InventoryItem[] {
  return items.toSorted((a, b) => (b.timeMs ?? 0) - (a.timeMs ?? 0) || compareText(a.path, b.path));
}

/**
 * The moments at which time may have changed an action, each the last at which it had not; latest first. Only what goes now
 * has turned: with time floors give way and limits are passed, never the other way round.
 */
function turningPoints({ items, profiles }: PrunePlan, nowMs: number): number[] {
  const rules = new Map(profiles.map((profile) => [profile.name, profile.rules]));
  const moments = new Set<number>();
  for (const item of items) {
    if (item.action !== 'delete' || item.time === undefined) continue;
    const ages = item.profiles.flatMap((name) => {
      const { max_age_ms: maxAgeMs = 0, min_age_ms: minAgeMs = 0 } = rules.get(name)?.[item.kind] ?? {};
      // What is older than the limit goes; what has just reached its grace time may, one millisecond sooner it may not.
      return [maxAgeMs, minAgeMs - 1];
    });
    for (const ageMs of ages) moments.add(Date.parse(item.time) + ageMs);
  }
  return [...moments].filter((moment) => moment < nowMs).sort((a, b) => b - a);
}

/** One of each list, then the next of each: whatever the change was, it is tried early. */
function takeTurns(lists: readonly (readonly Attempt[])[]): Attempt[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
}
