/** What holds of every plan, whatever is under the root, whatever the policy. fast-check prints the seed of a failure. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plan } from '../../src/retention/plan.js';
import type { PlannedItem, PrunePlan } from '../../src/retention/plan-types.js';
import type {
  FileItem,
  Inventory,
  RetentionKind,
  RetentionPolicy,
  RetentionRule,
  SessionItem,
} from '../../src/retention/types.js';
import { DAY_MS, hold, holdLists, HOUR_MS, inventories, NOW_MS, policies } from './inventories.js';

const RUNS = { numRuns: 500 } as const;
const everything = [inventories, policies, holdLists] as const;

function deletedOf({ items }: PrunePlan): PlannedItem[] {
  return items.filter(({ action }) => action === 'delete');
}

function goneSessions(made: PrunePlan): Set<string> {
  return new Set(deletedOf(made).flatMap(({ unit, path }) => (unit === 'session' ? [path] : [])));
}

/** The rules that have a say over a session or file, worked out from the inventory in the plainest way. */
function rulesOver(
  inventory: Inventory,
  policy: RetentionPolicy,
  kind: RetentionKind,
  item: SessionItem | FileItem,
  gone: ReadonlySet<string>,
): (RetentionRule | undefined)[] {
  const owners =
    item.kind === 'session'
      ? [item]
      : inventory.items.filter(
          (other) => other.kind === 'session' && item.sessionIds.includes(other.sessionId) && !gone.has(other.path),
        );
  const names = owners.map((owner) => (owner.kind === 'session' ? owner.profile : undefined) ?? policy.defaultProfile);
  if (names.length === 0 || policy.isNamedByCaller === true) names.push(policy.defaultProfile);
  return names.map((name) => policy.profiles.find((profile) => profile.name === name)?.rules[kind]);
}

function find(inventory: Inventory, path: string): SessionItem | FileItem {
  const found = inventory.items.find((item) => item.path === path);
  if (found === undefined) throw new Error(`no item at ${path}`);
  return found;
}

function sessionAt(inventory: Inventory, path: string): SessionItem {
  const found = find(inventory, path);
  if (found.kind !== 'session') throw new Error(`no session at ${path}`);
  return found;
}

test('floors win: nothing goes that a hold, a missing seal, its youth or a missing rule protects', () => {
  fc.assert(
    fc.property(...everything, (inventory, policy, holds) => {
      const made = plan(inventory, policy, holds, NOW_MS);
      for (const item of deletedOf(made)) {
        const source = find(inventory, item.path);
        const rules = rulesOver(inventory, policy, item.kind, source, goneSessions(made));
        expect(rules).not.toContain(undefined);
        expect(source.unreadable).toBeUndefined();
        const ageMs = NOW_MS - Date.parse(item.time ?? '');
        expect(ageMs).toBeGreaterThanOrEqual(Math.max(0, ...rules.map((rule) => rule?.minAgeMs ?? 0)));
        const held = new Set(holds.map(({ sessionId }) => sessionId));
        const ids = source.kind === 'session' ? [source.sessionId] : source.sessionIds;
        expect(ids.filter((id) => held.has(id))).toEqual([]);
        if (source.kind !== 'session') continue;
        if (item.unit === 'session') {
          expect([source.isSealed, source.isSigned]).toEqual([true, true]);
          const isIdle = rules.every((rule) => rule?.maxAgeMs !== undefined && ageMs > rule.maxAgeMs);
          expect(source.isClosed || isIdle).toBe(true);
        }
        if (item.unit === 'segment') {
          expect(source.isClosed).toBe(false);
          expect((source.timeMs ?? Infinity) <= NOW_MS).toBe(true);
          expect(source.segments.find(({ name }) => name === item.name)?.isSigned).toBe(true);
        }
        if (item.unit === 'payload' && !(source.isSealed && source.isSigned)) {
          const sealed = source.segments.filter(({ isSigned }) => isSigned).map(({ lastSequence }) => lastSequence);
          expect(item.sequence).toBeLessThanOrEqual(Math.max(0, ...sealed));
        }
      }
    }),
    RUNS,
  );
});

test('the newest that always stay do stay', () => {
  fc.assert(
    fc.property(...everything, (inventory, policy, holds) => {
      const made = plan(inventory, policy, holds, NOW_MS);
      const listed = made.items.filter(({ unit }) => unit !== 'segment' && unit !== 'payload');
      for (const item of listed.filter(({ action }) => action === 'delete')) {
        const rules = rulesOver(inventory, policy, item.kind, find(inventory, item.path), goneSessions(made));
        const keepLast = Math.max(0, ...rules.map((rule) => rule?.keepLast ?? 0));
        const newer = listed.filter(
          (other) =>
            other.kind === item.kind &&
            String(other.profiles) === String(item.profiles) &&
            other.reasons.every((reason) => reason !== 'unreadable' && reason !== 'future_dated') &&
            isAfter(other, item),
        );
        expect(newer.filter(({ action }) => action === 'keep').length).toBeGreaterThanOrEqual(keepLast);
      }
    }),
    RUNS,
  );
});

test('nothing goes that something which stays refers to', () => {
  fc.assert(
    fc.property(...everything, (inventory, policy, holds) => {
      const made = plan(inventory, policy, holds, NOW_MS);
      const gone = goneSessions(made);
      for (const { path } of deletedOf(made)) {
        const source = find(inventory, path);
        if (source.kind === 'session') continue;
        const stillThere = source.referencedBySessions.filter((referrer) => !gone.has(referrer));
        expect(stillThere).toEqual([]);
        expect(source.referencedBySessions.length > 0 || source.referencedBy.length === 0).toBe(true);
      }
    }),
    RUNS,
  );
});

test('nothing newer goes while something older of the same rank stays without a stated reason', () => {
  const noFloor = new Set(['within_limits', 'own_profile', 'no_rule', 'whole_session']);
  fc.assert(
    fc.property(...everything, (inventory, policy, holds) => {
      const { items } = plan(inventory, policy, holds, NOW_MS);
      for (const item of items.filter(({ action }) => action === 'delete')) {
        for (const older of items) {
          if (older.action === 'delete' || older.unit !== item.unit || older.kind !== item.kind) continue;
          if (String(older.profiles) !== String(item.profiles) || !isAfter(item, older)) continue;
          if (older.unit === 'segment' && older.reasons.includes('whole_session')) continue;
          expect(
            older.reasons.filter((reason) => !noFloor.has(reason)),
            `${older.id} before ${item.id}`,
          ).not.toEqual([]);
        }
      }
    }),
    RUNS,
  );
});

test('a log loses its front, never its middle', () => {
  fc.assert(
    fc.property(...everything, (inventory, policy, holds) => {
      const deleted = deletedOf(plan(inventory, policy, holds, NOW_MS));
      for (const item of deleted) {
        if (item.unit !== 'segment') continue;
        const { segments } = sessionAt(inventory, item.path);
        const going = new Set(
          deleted.flatMap((other) => (other.unit === 'segment' && other.path === item.path ? [other.name] : [])),
        );
        expect(segments.slice(0, going.size).map(({ name }) => going.has(name))).not.toContain(false);
      }
    }),
    RUNS,
  );
});

test('planning again on what is left removes nothing more', () => {
  fc.assert(
    fc.property(...everything, (inventory, policy, holds) => {
      const left = afterwards(inventory, plan(inventory, policy, holds, NOW_MS));
      expect(deletedOf(plan(left, policy, holds, NOW_MS)).map(({ id }) => id)).toEqual([]);
    }),
    RUNS,
  );
});

test('the order of the inventory and of the holds does not matter', () => {
  fc.assert(
    fc.property(...everything, (inventory, policy, holds) => {
      const turned = { items: inventory.items.toReversed() };
      expect(plan(turned, policy, holds.toReversed(), NOW_MS)).toEqual(plan(inventory, policy, holds, NOW_MS));
    }),
    RUNS,
  );
});

test('the digest changes with time exactly when an action does', () => {
  const later = fc.integer({ min: 0, max: 30 }).map((count) => NOW_MS + (count * HOUR_MS) / 2);
  fc.assert(
    fc.property(...everything, later, (inventory, policy, holds, laterMs) => {
      const [first, second] = [NOW_MS, laterMs].map((nowMs) => plan(inventory, policy, holds, nowMs));
      const [was, is] = [first, second].map((made) => made?.items.map(({ id, action }) => [id, action]));
      const isSame = JSON.stringify(was) === JSON.stringify(is);
      expect(first?.plan_digest === second?.plan_digest).toBe(isSame);
    }),
    RUNS,
  );
});

test('the digest changes with an append, a hold, an item and the policy', () => {
  fc.assert(
    fc.property(...everything, fc.nat(), (inventory, policy, holds, pick) => {
      fc.pre(inventory.items.length > 0 && policy.defaultProfile !== undefined);
      const { plan_digest: before } = plan(inventory, policy, holds, NOW_MS);
      const { items } = inventory;
      const place = pick % items.length;
      const changed = items.map((item, i) => {
        if (i !== place) return item;
        return item.kind === 'session'
          ? { ...item, head: 'moved', treeSize: item.treeSize + 1 }
          : { ...item, sha256: 'moved' };
      });
      const profiles = policy.profiles.map((profile) =>
        profile.name === 'p' ? { ...profile, rules: { ...profile.rules, trace: { maxAgeMs: 400 * DAY_MS } } } : profile,
      );
      const digests = [
        plan({ items: changed }, policy, holds, NOW_MS),
        plan({ items: items.filter((_, i) => i !== place) }, policy, holds, NOW_MS),
        plan(inventory, policy, [...holds, hold(99, 'a')], NOW_MS),
        plan(inventory, { ...policy, profiles }, holds, NOW_MS),
        plan(inventory, policy, holds, NOW_MS, { kind: 'trace' }),
      ].map(({ plan_digest }) => plan_digest);
      expect(digests).not.toContain(before);
    }),
    RUNS,
  );
});

test('a limit that is not met is said, with what blocks it', () => {
  fc.assert(
    fc.property(...everything, (inventory, policy, holds) => {
      const made = plan(inventory, policy, holds, NOW_MS);
      for (const { limit, remaining, rule, blocked_by } of made.shortfalls) {
        expect(remaining).toBeGreaterThan(rule === 'max_age' ? 0 : limit);
        expect(Object.keys(blocked_by)).not.toEqual([]);
      }
      const staying = made.items.filter(({ action }) => action === 'keep');
      for (const item of staying) {
        const [rule, ...others] = new Set(
          rulesOver(inventory, policy, item.kind, find(inventory, item.path), goneSessions(made)),
        );
        if (rule?.maxCount === undefined || others.length > 0 || item.unit === 'segment') continue;
        const rivals = staying.filter(
          ({ unit, kind, profiles }) =>
            unit === item.unit && kind === item.kind && String(profiles) === String(item.profiles),
        );
        const isSaid = made.shortfalls.some(
          (shortfall) =>
            shortfall.rule === 'max_count' &&
            shortfall.kind === item.kind &&
            String(shortfall.profiles) === String(item.profiles),
        );
        expect(rivals.length > rule.maxCount).toBe(isSaid);
      }
    }),
    RUNS,
  );
});

test('a filter lists what was asked for, and lets nothing else go', () => {
  fc.assert(
    fc.property(...everything, (inventory, policy, holds) => {
      const whole = plan(inventory, policy, holds, NOW_MS);
      const allowed = new Set(deletedOf(whole).map(({ id }) => id));
      const sessions = plan(inventory, policy, holds, NOW_MS, { kind: 'session' });
      expect(sessions.items.every(({ kind }) => kind === 'session')).toBe(true);
      expect(deletedOf(sessions).every(({ id }) => allowed.has(id))).toBe(true);
      const one = plan(inventory, policy, holds, NOW_MS, { sessionId: 'a' });
      expect(one.items.filter((item) => item.unit !== 'file' && item.session_id !== 'a')).toEqual([]);
      expect(one.items.filter((item) => item.unit === 'file' && !item.session_ids.includes('a'))).toEqual([]);
    }),
    RUNS,
  );
});

/** By time, then path, then place: whether a goes after b where both may go. */
function isAfter(a: PlannedItem, b: PlannedItem): boolean {
  const [timeA, timeB] = [Date.parse(a.time ?? ''), Date.parse(b.time ?? '')];
  if (Number.isNaN(timeA) || Number.isNaN(timeB)) return false;
  return timeA > timeB || (timeA === timeB && a.path > b.path);
}

/** The inventory once the plan is carried out. */
function afterwards(inventory: Inventory, { items }: PrunePlan): Inventory {
  const gone = new Set(items.flatMap(({ id, action }) => (action === 'delete' ? [id] : [])));
  const left = inventory.items.filter(({ path }) => !gone.has(path));
  const paths = new Set(left.map(({ path }) => path));
  return {
    items: left.map((item) => {
      if (item.kind !== 'session') {
        const referencedBySessions = item.referencedBySessions.filter((path) => paths.has(path));
        const isFree = item.referencedBySessions.length > 0 && referencedBySessions.length === 0;
        return { ...item, referencedBySessions, referencedBy: isFree ? [] : item.referencedBy };
      }
      const lost = item.segments.filter(({ name }) => gone.has(`${item.path}#segment/${name}`));
      const lostTo = Math.max(0, ...lost.map(({ lastSequence }) => lastSequence));
      const payloads = item.payloads.filter(
        ({ sha256, sequence }) => sequence > lostTo && !gone.has(`${item.path}#payload/${sha256}`),
      );
      const sizeBytes = item.sizeBytes - lost.reduce((bytes, segment) => bytes + segment.sizeBytes, 0);
      return { ...item, sizeBytes, payloads, segments: item.segments.filter((segment) => !lost.includes(segment)) };
    }),
  };
}
