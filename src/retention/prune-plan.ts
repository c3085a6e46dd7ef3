/** Draws the plan of a root: what there is, the holds, the policy, the time. Changes nothing. */
import { resolveWorld, type Environment } from '../journal/index.js';
import { bareHold, holdsAround } from './holds.js';
import { isInForce } from './holds-fold.js';
import { takeInventory, type InventoryNote, type RootInventory } from './inventory.js';
import { environmentOf, ledgerPath, refuseClockSetBack } from './ledger.js';
import { summarizeLedger } from './ledger-reader.js';
import { plan } from './plan.js';
import type { PlanFilter, PrunePlan } from './plan-types.js';
import { resolvePolicy, type PolicyChoice } from './policy.js';
import { addReferences } from './references.js';
import type { Hold, RetentionPolicy } from './types.js';

/** What a plan is made from, beside the root. */
export interface PlanOptions extends Environment, PolicyChoice, PlanFilter {
  readonly signal?: AbortSignal;
}

/** A plan, and what of the root it does not speak of. */
export interface RootPlan extends PrunePlan {
  /** Links resolved. */
  readonly root: string;
  /** Links, and folders on other file systems: neither followed nor touched. */
  readonly not_looked_into: readonly InventoryNote[];
  /** Files of no known kind: never touched. */
  readonly unknown_files: number;
}

export interface DrawnPlan {
  readonly plan: PrunePlan;
  readonly found: RootInventory;
  readonly policy: RetentionPolicy;
  /** In force, and those that were. */
  readonly holds: readonly Hold[];
  readonly released: readonly Hold[];
  readonly filter: PlanFilter;
  readonly nowMs: number;
}

/**
 * What a prune of the root would do now, and why.
 *
 * @throws GaitError FILE_NOT_FOUND, INVALID_PATH, INVALID_ARGUMENT, INVALID_CONFIG; JOURNAL_CORRUPT when a ledger does not
 * verify; CLOCK_SET_BACK; IO_ERROR; the signal's reason when it aborts
 */
export async function planPrune(root: string, options: PlanOptions = {}): Promise<RootPlan> {
  const { plan: drawn, found } = await drawPlan(root, options);
  return { ...drawn, root: found.root, not_looked_into: found.notes, unknown_files: found.unknownFiles };
}

/** As planPrune, with what the plan was made from. */
export async function drawPlan(root: string, options: PlanOptions): Promise<DrawnPlan> {
  const environment = environmentOf(options);
  const policy = resolvePolicy(options, environment);
  const nowMs = resolveWorld(environment).clock();
  const filter = filterOf(options);
  const { signal } = options;
  let found = await takeInventory(root, {
    ...environment,
    wantsPayloads: payloadRuleOf(policy),
    ...(signal === undefined ? {} : { signal }),
  });
  refuseClockSetBack((await summarizeLedger(ledgerPath(found.root), environment)).newestMs, nowMs);
  const all = await holdsAround(found.root, found.ledgers, environment);
  const holds = all.filter(isInForce).map(bareHold);
  const released = all.filter((hold) => !isInForce(hold)).map(bareHold);
  let drawn = plan(found.inventory, policy, holds, nowMs, filter);
  // Every journal has to be read for references: only when a file may go.
  if (drawn.items.some(({ unit, action }) => unit === 'file' && action === 'delete')) {
    found = await addReferences(found, environment);
    drawn = plan(found.inventory, policy, holds, nowMs, filter);
  }
  return { plan: drawn, found, policy, holds, released, filter, nowMs };
}

function filterOf({ sessionId, kind }: PlanFilter): PlanFilter {
  return { ...(sessionId === undefined ? {} : { sessionId }), ...(kind === undefined ? {} : { kind }) };
}

/** Whether a rule about payloads may decide over a session. */
function payloadRuleOf({ profiles, defaultProfile }: RetentionPolicy): (own: string | undefined) => boolean {
  const ruled = new Set(profiles.filter(({ rules }) => rules.payload !== undefined).map(({ name }) => name));
  return (own) => [own, defaultProfile].some((name) => name !== undefined && ruled.has(name));
}
