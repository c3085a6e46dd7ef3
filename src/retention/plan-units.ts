/** What a plan decides over, one thing at a time, while it is being made; and the floors that everything has. Pure. */
import type { KeepReason, LimitRule, PlanFilter } from './plan-types.js';
import type { Governance } from './plan-rules.js';
import type { FileItem, Hold, PayloadItem, RetentionKind, SegmentItem, SessionItem } from './types.js';

/** Where a unit comes from. */
export type UnitSource =
  | { readonly unit: 'session'; readonly session: SessionItem }
  | { readonly unit: 'segment'; readonly session: SessionItem; readonly segment: SegmentItem }
  | { readonly unit: 'payload'; readonly session: SessionItem; readonly payload: PayloadItem }
  | { readonly unit: 'file'; readonly file: FileItem };

/** The one thing that planning writes to. */
export interface Unit {
  readonly source: UnitSource;
  readonly id: string;
  readonly kind: RetentionKind;
  readonly path: string;
  /** What its age is counted from, and its place among others. */
  readonly timeMs: number | undefined;
  readonly sizeBytes: number;
  readonly governance: Governance;
  /** What keeps it whatever the limits say. */
  readonly floors: Set<KeepReason>;
  readonly because: string[];
  /** Its place in the log of its session, for segments: times may be equal. */
  readonly place: number;
  /** The unit in front of it that must go first: segments alone have one. */
  readonly older: Unit | undefined;
  /** The first limit that it is over. */
  rule: LimitRule | undefined;
  isGoing: boolean;
}

/** What planning is done with, beside the inventory. */
export interface PlanContext {
  readonly nowMs: number;
  readonly filter: PlanFilter;
  /** In force, by session id. */
  readonly holds: ReadonlyMap<string, readonly Hold[]>;
}

/** A unit that nothing has been decided about. */
export function newUnit(
  fields: Omit<Unit, 'place' | 'older' | 'floors' | 'because' | 'rule' | 'isGoing'>,
  behind?: { readonly place: number; readonly older: Unit | undefined },
): Unit {
  const { place = 0, older } = behind ?? {};
  return { ...fields, place, older, floors: new Set(), because: [], rule: undefined, isGoing: false };
}

/** The floors that need nothing but the unit itself, its sessions and the time. */
export function addCommonFloors(
  unit: Unit,
  context: PlanContext,
  sessionIds: readonly string[],
  unreadable: string | undefined,
): void {
  for (const id of sessionIds) {
    for (const hold of context.holds.get(id) ?? []) {
      unit.floors.add('held');
      unit.because.push(`hold ${hold.id} on ${id} by ${hold.actor}: ${hold.reason}`);
    }
  }
  const ageMs = unit.timeMs === undefined ? undefined : context.nowMs - unit.timeMs;
  if (unreadable !== undefined || ageMs === undefined || Number.isNaN(ageMs)) {
    unit.floors.add('unreadable');
    unit.because.push(unreadable ?? 'its content gives no time');
    return;
  }
  if (ageMs < 0) unit.floors.add('future_dated');
  const { minAgeMs } = unit.governance.rule ?? {};
  if (minAgeMs !== undefined && ageMs < minAgeMs) unit.floors.add('min_age');
}

/** Time, then path, place in the log, and id: the order in which things of one kind go. What has no time comes last. */
export function byAge(a: Unit, b: Unit): number {
  return compareTime(a.timeMs, b.timeMs) || compareText(a.path, b.path) || a.place - b.place || compareText(a.id, b.id);
}

/** Not by subtraction: two that have no time are equal. */
function compareTime(a = Infinity, b = Infinity): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** By UTF-16 code units: the same in every locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether the plan is about it. */
export function isInScope(unit: Unit, { sessionId, kind }: PlanFilter): boolean {
  if (kind !== undefined && unit.kind !== kind) return false;
  if (sessionId === undefined) return true;
  const { source } = unit;
  return source.unit === 'file' ? source.file.sessionIds.includes(sessionId) : source.session.sessionId === sessionId;
}

/** The values under each key, in their order. */
export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
