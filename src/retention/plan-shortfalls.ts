/** Limits that stay exceeded, and what blocks them. Pure. */
import { groupsOf, remainingOf } from './plan-limits.js';
import type { KeepReason, LimitRule, LimitShortfall } from './plan-types.js';
import { compareText, isInScope, type PlanContext, type Unit } from './plan-units.js';
import type { RetentionRule } from './types.js';

/** With one session in view nothing can be said about limits that are counted over all of them. */
export function shortfallsOf(units: readonly Unit[], { filter }: PlanContext): LimitShortfall[] {
  if (filter.sessionId !== undefined) return [];
  const shortfalls = groupsOf(units).flatMap((group): LimitShortfall[] => {
    const [first] = group;
    const limits = first?.governance.rule;
    if (first === undefined || limits === undefined || !isInScope(first, filter)) return [];
    return limitsOf(limits).flatMap(([rule, limit]) => {
      const remaining = remainingOf(group, rule);
      if (rule === 'max_age' ? remaining === 0 : remaining <= limit) return [];
      const { kind, governance } = first;
      return [{ kind, profiles: governance.profiles, rule, limit, remaining, blocked_by: blockersOf(group) }];
    });
  });
  return shortfalls.sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

function keyOf({ kind, profiles, rule }: LimitShortfall): string {
  return JSON.stringify([kind, profiles, rule]);
}

function limitsOf({ maxAgeMs, maxCount, maxBytes }: RetentionRule): [LimitRule, number][] {
  const limits: [LimitRule, number | undefined][] = [
    ['max_age', maxAgeMs],
    ['max_count', maxCount],
    ['max_bytes', maxBytes],
  ];
  return limits.flatMap(([rule, limit]) => (limit === undefined ? [] : [[rule, limit] satisfies [LimitRule, number]]));
}

function blockersOf(group: readonly Unit[]): Partial<Record<KeepReason, number>> {
  const counts: Partial<Record<KeepReason, number>> = {};
  for (const { rule, isGoing, floors } of group) {
    if (rule === undefined || isGoing) continue;
    for (const reason of floors) counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}
