/**
 * What goes of those that one rule is about: whatever is too old, then the oldest until count and bytes fit. What a floor
 * keeps is passed over, and noted to be over the limit. Pure.
 */
import type { LimitRule } from './plan-types.js';
import { byAge, groupBy, type PlanContext, type Unit } from './plan-units.js';
import type { RetentionRule } from './types.js';

/** Units that limits are counted over together: of one kind, under the same profiles. */
export function groupsOf(units: readonly Unit[]): Unit[][] {
  const judged = units.filter((unit) => unit.governance.rule !== undefined && !unit.floors.has('whole_session'));
  return [...groupBy(judged, ({ governance }) => governance.group).values()];
}

/** Units of one kind under the same rule; segments stand beside their sessions, which count their bytes. */
export function applyLimits(units: readonly Unit[], rule: RetentionRule, context: PlanContext): void {
  const ordered = units.toSorted(byAge);
  keepNewest(ordered, rule.keepLast ?? 0);
  const { maxAgeMs, maxCount, maxBytes } = rule;
  if (maxAgeMs !== undefined) {
    for (const unit of ordered) if (isOlder(unit, maxAgeMs, context.nowMs)) judge(unit, 'max_age');
  }
  if (maxCount !== undefined) {
    const counted = ordered.filter(isCounted);
    shrink(counted, 'max_count', counted.filter(stays).length - maxCount, () => 1);
  }
  if (maxBytes !== undefined) {
    shrink(ordered, 'max_bytes', remainingBytes(ordered) - maxBytes, (unit) => unit.sizeBytes);
  }
}

/** How much of a limit's measure is left: things over it for the age, things for the count, bytes for the bytes. */
export function remainingOf(units: readonly Unit[], rule: LimitRule): number {
  switch (rule) {
    case 'max_age':
      return units.filter((unit) => stays(unit) && unit.rule === 'max_age').length;
    case 'max_count':
      return units.filter((unit) => isCounted(unit) && stays(unit)).length;
    case 'max_bytes':
      return remainingBytes(units);
  }
}

/** Bytes of what stays. A segment's are among those of its session, so they are taken off, not added. */
function remainingBytes(units: readonly Unit[]): number {
  let bytes = 0;
  for (const unit of units) {
    if (isCounted(unit) && stays(unit)) bytes += unit.sizeBytes;
    if (!isCounted(unit) && unit.isGoing) bytes -= unit.sizeBytes;
  }
  return bytes;
}

/** Lets the oldest go until nothing is in excess. A segment of a session that goes is never met: floors keep it. */
function shrink(ordered: readonly Unit[], rule: LimitRule, excess: number, weigh: (unit: Unit) => number): void {
  let left = excess;
  for (const unit of ordered) {
    if (left <= 0) return;
    if (unit.isGoing) continue;
    judge(unit, rule);
    if (unit.isGoing) left -= weigh(unit);
  }
}

function judge(unit: Unit, rule: LimitRule): void {
  unit.rule ??= rule;
  if (unit.older?.isGoing === false) unit.floors.add('older_kept');
  unit.isGoing = unit.floors.size === 0;
}

function isOlder(unit: Unit, maxAgeMs: number, nowMs: number): boolean {
  return unit.timeMs !== undefined && nowMs - unit.timeMs > maxAgeMs;
}

/** What cannot be judged by its time is not among the newest: it stays for that reason, and takes no place of another. */
function keepNewest(ordered: readonly Unit[], count: number): void {
  if (count === 0) return;
  const judged = ordered.filter((unit) => isCounted(unit) && !hasNoPlace(unit));
  const newest = judged.slice(-count);
  for (const unit of newest) unit.floors.add('keep_last');
  const journals = new Set(newest.map(({ path }) => path));
  for (const unit of ordered) if (!isCounted(unit) && journals.has(unit.path)) unit.floors.add('keep_last');
}

function hasNoPlace(unit: Unit): boolean {
  return unit.floors.has('unreadable') || unit.floors.has('future_dated');
}

function isCounted(unit: Unit): boolean {
  return unit.source.unit !== 'segment';
}

function stays(unit: Unit): boolean {
  return !unit.isGoing;
}
