/**
 * The plan of a prune: a pure function of the inventory, the policy, the holds and the time. It decides; others carry it out.
 *
 * The order matters: sessions first, because a reference from a session that goes as a whole keeps nothing, and its payloads
 * go with it.
 */
import { applyLimits, groupsOf } from './plan-limits.js';
import { fileUnit, payloadUnits } from './plan-parts.js';
import { describePlan } from './plan-report.js';
import { RuleBook } from './plan-rules.js';
import { sessionUnits } from './plan-sessions.js';
import type { PlanFilter, PrunePlan } from './plan-types.js';
import { compareText, groupBy, isInScope, type PlanContext, type Unit } from './plan-units.js';
import type { FileItem, Hold, Inventory, InventoryItem, RetentionPolicy, SessionItem } from './types.js';

/** The session of the ledger: what it says about removals is never removed. */
const LEDGER_SESSION_ID = 'gait.ledger';

/**
 * Decides over every item. The order of the inventory and of the holds does not matter.
 *
 * @param holds those in force
 * @param filter limits what may go, not what is looked at: ranks and counts are those of the whole inventory
 */
export function plan(
  inventory: Inventory,
  policy: RetentionPolicy,
  holds: readonly Hold[],
  nowMs: number,
  filter: PlanFilter = {},
): PrunePlan {
  const items = inventory.items.filter((item) => !isOfLedger(item));
  const rules = new RuleBook(policy);
  const inOrder = holds.toSorted(byPlaceInLedger);
  const context: PlanContext = { nowMs, filter, holds: groupBy(inOrder, ({ sessionId }) => sessionId) };
  const sessions = items.filter((item) => item.kind === 'session');
  const planned = decideSessions(sessions, rules, context);
  const gone = new Set(planned.filter(isGoingSession).map(({ path }) => path));
  const staying = planned.filter((unit) => unit.source.unit === 'session' || !gone.has(unit.path));
  const goneSegments = groupBy(
    staying.filter((unit) => unit.source.unit === 'segment' && unit.isGoing),
    ({ path }) => path,
  );
  const kept = sessions.filter(({ path }) => !gone.has(path));
  for (const session of kept) rules.addStaying(session);
  const files = items.filter((item) => item.kind !== 'session').map((file) => fileUnit(file, gone, rules, context));
  const payloads = kept.flatMap((session) =>
    payloadUnits(session, goneSegments.get(session.path) ?? [], rules, context),
  );
  const parts = [...files, ...payloads];
  decide(parts, context);
  return describePlan([...staying, ...parts], policy, rules, inOrder, context);
}

function decideSessions(sessions: readonly SessionItem[], rules: RuleBook, context: PlanContext): Unit[] {
  const units = sessions.flatMap((session) => sessionUnits(session, rules, context));
  decide(units, context);
  return units;
}

/** Applies each rule to what it is about, then takes back what the caller did not ask for. */
function decide(units: readonly Unit[], context: PlanContext): void {
  for (const group of groupsOf(units)) {
    const { rule } = group[0]?.governance ?? {};
    if (rule !== undefined) applyLimits(group, rule, context);
  }
  for (const unit of units) if (!isInScope(unit, context.filter)) unit.isGoing = false;
}

/** Ids are unique within one ledger, and holds may come from several. */
function byPlaceInLedger(a: Hold, b: Hold): number {
  return a.id - b.id || compareText(a.sessionId, b.sessionId) || compareText(a.createdAt, b.createdAt);
}

function isGoingSession(unit: Unit): boolean {
  return unit.source.unit === 'session' && unit.isGoing;
}

function isOfLedger(item: InventoryItem): boolean {
  return item.kind === 'session' ? item.sessionId === LEDGER_SESSION_ID : namesLedger(item);
}

function namesLedger({ sessionIds }: FileItem): boolean {
  return sessionIds.includes(LEDGER_SESSION_ID);
}
