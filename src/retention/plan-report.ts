/** A decided plan in its written form. Pure. */
import { planDigest } from './plan-digest.js';
import { describeUnit, warningsOn, writtenTime } from './plan-items.js';
import type { RuleBook } from './plan-rules.js';
import { shortfallsOf } from './plan-shortfalls.js';
import type { PlannedItem, PlannedProfile, PlannedRule, PrunePlan } from './plan-types.js';
import { compareText, isInScope, type PlanContext, type Unit } from './plan-units.js';
import type { Hold, RetentionPolicy, RetentionProfile, RetentionRule } from './types.js';

/**
 * @param units all that was decided, in scope or not
 * @param holds in order
 */
export function describePlan(
  units: readonly Unit[],
  policy: RetentionPolicy,
  rules: RuleBook,
  holds: readonly Hold[],
  context: PlanContext,
): PrunePlan {
  const listed = units.filter((unit) => isInScope(unit, context.filter)).sort((a, b) => compareText(a.id, b.id));
  const items = listed.map(describeUnit);
  const { defaultProfile, isNamedByCaller = false } = policy;
  const used = new Set(listed.flatMap(({ governance }) => governance.profiles));
  if (defaultProfile !== undefined) used.add(defaultProfile);
  const going = items.filter(({ action }) => action === 'delete');
  const body = {
    schema_id: 'gait.prune.plan',
    schema_version: '1.0.0',
    planned_at: writtenTime(context.nowMs) ?? '',
    ...(defaultProfile === undefined ? {} : { default_profile: defaultProfile }),
    // No profile is nobody's choice.
    named_by_caller: defaultProfile !== undefined && isNamedByCaller,
    filter: writtenFilter(context),
    profiles: rules.named(used).map(writtenProfile),
    holds: holds.map(writtenHold),
    items,
    shortfalls: shortfallsOf(units, context),
    warnings: listed.flatMap(warningsOn),
    delete_count: going.length,
    delete_bytes: bytesOf(going),
    keep_count: items.length - going.length,
    keep_bytes: keptBytes(items),
  } as const;
  return { ...body, plan_digest: planDigest(body) };
}

function writtenFilter({ filter: { sessionId, kind } }: PlanContext): PrunePlan['filter'] {
  return { ...(sessionId === undefined ? {} : { session_id: sessionId }), ...(kind === undefined ? {} : { kind }) };
}

/** A profile with its wire names. */
export function writtenProfile({ name, rules }: RetentionProfile): PlannedProfile {
  const entries = Object.entries(rules).map(([kind, rule]) => [kind, writtenRule(rule)] as const);
  return { name, rules: Object.fromEntries(entries) };
}

function writtenRule({ maxAgeMs, maxCount, maxBytes, keepLast, minAgeMs }: RetentionRule): PlannedRule {
  return {
    ...(maxAgeMs === undefined ? {} : { max_age_ms: maxAgeMs }),
    ...(maxCount === undefined ? {} : { max_count: maxCount }),
    ...(maxBytes === undefined ? {} : { max_bytes: maxBytes }),
    ...(keepLast === undefined ? {} : { keep_last: keepLast }),
    ...(minAgeMs === undefined ? {} : { min_age_ms: minAgeMs }),
  };
}

function writtenHold({ id, sessionId, reason, actor, createdAt }: Hold): PrunePlan['holds'][number] {
  return { id, session_id: sessionId, reason, actor, created_at: createdAt };
}

function bytesOf(items: readonly PlannedItem[]): number {
  return items.reduce((bytes, { size_bytes }) => bytes + size_bytes, 0);
}

/** What belongs to a session that is listed is among its bytes already. */
function keptBytes(items: readonly PlannedItem[]): number {
  const sessions = new Set(items.flatMap(({ unit, path }) => (unit === 'session' ? [path] : [])));
  let bytes = 0;
  for (const { unit, path, action, size_bytes } of items) {
    const isPart = unit !== 'session' && unit !== 'file' && sessions.has(path);
    if (!isPart && action === 'keep') bytes += size_bytes;
    if (isPart && action === 'delete') bytes -= size_bytes;
  }
  return bytes;
}
