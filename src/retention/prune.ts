/** Carries out a plan, or refuses because something has changed since it was made. */
import { join } from 'node:path';
import { GaitError } from '../errors.js';
import { ioError, resolveWorld, syncFile, type Environment, type Journal, type LockOptions } from '../journal/index.js';
import type { KeyPair } from '../sign/index.js';
import { realRoot } from './inventory.js';
import { environmentOf, ledgerPath, lockingOf, withLedger, type LedgerOptions } from './ledger.js';
import { joinTombstones, proveByLedger } from './ledger-proof.js';
import { summarizeLedger } from './ledger-reader.js';
import { explainDifference } from './plan-difference.js';
import { guessDifference } from './plan-guess.js';
import type { PlanDifference, PrunePlan } from './plan-types.js';
import { refuseInvalidEvidence, refuseOtherFileSystems } from './prune-check.js';
import { sessionMover } from './prune-move.js';
import { drawPlan, type DrawnPlan, type PlanOptions } from './prune-plan.js';
import { keptSessions, removalKey, removalsOf } from './prune-removals.js';
import { receiptOf, totals, type PruneReceipt, type RemovalReceipt } from './receipt.js';
import type { KeptSession } from './tombstones.js';
import { removeThings, resumeRemovals, type RemovalContext, type RemovalOutcome } from './trash-removal.js';

export interface PruneOptions extends PlanOptions, LockOptions {
  readonly root: string;
  /** Signs the intent before and the receipt after: a removal that nobody signed proves nothing. */
  readonly key: KeyPair;
  /** Who prunes, for the ledger. */
  readonly actor?: string;
}

/**
 * Removes exactly what the plan says. What an earlier run began and did not end is finished first. A crash at any point leaves
 * a root that verifies as before; run again, it is finished.
 *
 * @param expected the plan itself, as planPrune gave it, or its digest
 * @throws GaitError PLAN_STALE when the plan of now is another one; JOURNAL_CORRUPT when a session concerned or a ledger does
 * not verify; CLOCK_SET_BACK; LOCK_TIMEOUT while another prune runs; as planPrune; DISK_FULL, IO_ERROR, SYNC_FAILED
 */
export async function executePrune(expected: PrunePlan | string, options: PruneOptions): Promise<PruneReceipt> {
  const { root: named, key, actor, signal } = options;
  const locking = lockingOf(options);
  const environment = environmentOf(options);
  const root = realRoot(named, environment);
  const digest = typeof expected === 'string' ? checkDigest(expected) : expected.plan_digest;
  // Before anything is written, the ledger included. Only what an interrupted run left half done is finished all the same.
  const first = await drawPlan(root, options);
  const { intents } = await summarizeLedger(ledgerPath(root), environment);
  const isDone = intents.some((intent) => intent.planDigest === digest) && first.plan.delete_count === 0;
  if (!isDone && intents.every(({ isFinished }) => isFinished)) refuseStale(expected, digest, first);
  return await withLedger(root, 'exclusive', locking, async (ledger) => {
    const context: RemovalContext = { root, ledger, key, actor, environment };
    const resumed = await resumeRemovals(context, await summarizeLedger(ledger.path, environment));
    const drawn = await drawPlan(root, options);
    if (!isDone && !isContinuation(resumed, digest, drawn)) refuseStale(expected, digest, drawn);
    const { outcome, vanished } = await carryOut(context, drawn, digest, { locking, signal });
    return report(root, ledger, digest, actor, [...resumed, ...outcome].map(receiptOf), vanished);
  });
}

async function carryOut(
  context: RemovalContext,
  drawn: DrawnPlan,
  digest: string,
  { locking, signal }: { readonly locking: LedgerOptions; readonly signal: AbortSignal | undefined },
): Promise<{ readonly outcome: readonly RemovalOutcome[]; readonly vanished: readonly KeptSession[] }> {
  const { root, ledger, environment } = context;
  const removals = removalsOf(drawn);
  const proof = await proveByLedger(ledger.path, [], environment);
  const { kept, vanished } = keptSessions(drawn, removals, proof.kept);
  if (removals.length === 0) return { outcome: [], vanished };
  refuseOtherFileSystems(root, removals, environment);
  await refuseInvalidEvidence(root, removals, joinTombstones([proof]), { environment, signal });
  syncSessions(root, kept.slice(0, kept.length - vanished.length), environment);
  const facts = { plan_digest: digest, removals, kept };
  return { outcome: [await removeThings(context, 'prune', facts, sessionMover(root, locking))], vanished };
}

/**
 * Before the intent says how far they reach: what a buffered writer has written may be in memory alone, and a power cut would
 * make the ledger accuse a sound session.
 */
function syncSessions(root: string, sessions: readonly KeptSession[], environment: Environment): void {
  const { fs } = resolveWorld(environment);
  for (const { path: name } of sessions) {
    const path = join(root, ...name.split('/'));
    try {
      syncFile(fs, path);
    } catch (error) {
      throw ioError(error, 'put on the disk', path);
    }
  }
}

/**
 * Whether an interrupted run of this very plan was just finished, and what is left to do is a part of it: then the plan has
 * not gone stale, it is half done.
 */
function isContinuation(resumed: readonly RemovalOutcome[], digest: string, drawn: DrawnPlan): boolean {
  const listed = new Set(
    resumed
      .filter(({ cause, receipt }) => cause === 'prune' && receipt.plan_digest === digest)
      .flatMap(({ listed: removals }) => removals.map(removalKey)),
  );
  return listed.size > 0 && removalsOf(drawn).every((removal) => listed.has(removalKey(removal)));
}

function refuseStale(expected: PrunePlan | string, digest: string, { plan: now, ...made }: DrawnPlan): void {
  if (now.plan_digest === digest) return;
  const { found, policy, holds, released, nowMs, filter } = made;
  const differences: readonly PlanDifference[] =
    typeof expected === 'string'
      ? guessDifference(digest, found.inventory, policy, holds, nowMs, filter, released)
      : explainDifference(expected, now);
  const what = differences.map(({ meaning }) => meaning).join('; ');
  throw new GaitError('PLAN_STALE', `this is not the plan of now: ${what}`, {
    details: { expected: digest, found: now.plan_digest, differences },
  });
}

const HEX_64 = /^[0-9a-f]{64}$/;

function checkDigest(text: string): string {
  const digest = text.trim().toLowerCase();
  if (HEX_64.test(digest)) return digest;
  throw new GaitError('INVALID_ARGUMENT', 'a plan digest has 64 hexadecimal digits', {
    hint: 'gait prune --dry-run prints it',
    details: { option: 'plan', found: text },
  });
}

function report(
  root: string,
  ledger: Journal,
  digest: string,
  actor: string | undefined,
  removals: readonly RemovalReceipt[],
  vanished: readonly KeptSession[],
): PruneReceipt {
  return {
    schema_id: 'gait.prune.report',
    schema_version: '1.0.0',
    ok: true,
    root,
    ledger: ledger.path,
    plan_digest: digest,
    ...(actor === undefined ? {} : { actor }),
    removals,
    ...totals(removals),
    vanished,
  };
}
