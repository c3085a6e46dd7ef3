/** Erases one payload for a stated reason: a person's right, a secret that got into evidence. The event and its proof stay. */
import { GaitError } from '../errors.js';
import { checkId, type Environment } from '../journal/index.js';
import type { KeyPair } from '../sign/index.js';
import { eraseTargets, type EraseTargets } from './erase-targets.js';
import { checkReason, holdsAround } from './holds.js';
import { isInForce } from './holds-fold.js';
import { realRoot, takeInventory, type RootInventory } from './inventory.js';
import { environmentOf, refuseClockSetBack, ledgerPath, withLedger, type LedgerOptions } from './ledger.js';
import { summarizeLedger } from './ledger-reader.js';
import { refuseOtherFileSystems } from './prune-check.js';
import { sessionMover } from './prune-move.js';
import { receiptOf, totals, type PruneReceipt, type RemovalReceipt } from './receipt.js';
import { removeThings, resumeRemovals, type RemovalContext } from './trash-removal.js';

export interface EraseRequest {
  readonly sessionId: string;
  /** Of the event that names the payload. */
  readonly sequence: number;
  readonly reason: string;
  readonly actor: string;
}

export interface EraseOptions extends LedgerOptions {
  readonly root: string;
  readonly key: KeyPair;
  /** Also remove the packs that carry a copy. Without it such a pack is a refusal. */
  readonly withPacks?: boolean;
}

/** Schema: schemas/erase-receipt.schema.json. */
export interface EraseReceipt extends Pick<PruneReceipt, 'ok' | 'root' | 'ledger' | 'removals' | 'left_count'> {
  readonly schema_id: 'gait.erase.report';
  readonly schema_version: '1.0.0';
  readonly session_id: string;
  readonly sequence: number;
  readonly sha256: string;
  readonly reason: string;
  readonly actor: string;
  /** Packs that went because they carried it. */
  readonly packs: readonly string[];
  /** Other events with a payload of the same content: erase them too, if that is meant. */
  readonly same_content: readonly { readonly path: string; readonly sequence: number }[];
}

/**
 * Removes the payload, every copy of it that the payload store of its session may have, and with `withPacks` the packs that
 * carry it. Afterwards `verify` says that it was erased.
 *
 * @throws GaitError POLICY_BLOCKED (a hold on the session; a pack that carries it), JOURNAL_NOT_FOUND, PAYLOAD_NOT_FOUND,
 * INVALID_ARGUMENT, LOCK_TIMEOUT, CLOCK_SET_BACK, JOURNAL_CORRUPT when a ledger does not verify; DISK_FULL, IO_ERROR
 */
export async function erasePayload(request: EraseRequest, options: EraseOptions): Promise<EraseReceipt> {
  const { root: named, key, withPacks = false, ...locking } = options;
  const environment = environmentOf(options);
  const root = realRoot(named, environment);
  const { sessionId, sequence, reason, actor } = checkRequest(request);
  // Everything that can be refused is refused before the first byte is written, the ledger included.
  await aim(root, { sessionId, sequence, withPacks }, environment);
  return await withLedger(root, 'exclusive', locking, async (ledger) => {
    const context: RemovalContext = { root, ledger, key, actor, environment };
    const resumed = await resumeRemovals(context, await summarizeLedger(ledger.path, environment));
    const targets = await aim(root, { sessionId, sequence, withPacks }, environment);
    const removals = [targets.payload, ...targets.packs];
    refuseOtherFileSystems(root, removals, environment);
    const outcome = await removeThings(context, 'erase', { reason, removals }, sessionMover(root, locking));
    const receipts: RemovalReceipt[] = [...resumed, outcome].map(receiptOf);
    const left = outcome.receipt.left.find(({ kind }) => kind === 'payload');
    if (left !== undefined) {
      throw new GaitError('LOCK_TIMEOUT', `the payload was not erased: ${left.reason}`, { details: { ...left } });
    }
    const { item } = targets.payload;
    return {
      schema_id: 'gait.erase.report',
      schema_version: '1.0.0',
      ok: true,
      root,
      ledger: ledger.path,
      session_id: sessionId,
      sequence,
      sha256: item.kind === 'payload' ? item.sha256 : '',
      reason,
      actor,
      packs: targets.packs.map((pack) => pack.item.path),
      same_content: targets.sameContent,
      removals: receipts,
      left_count: totals(receipts).left_count,
    };
  });
}

interface Aim {
  readonly sessionId: string;
  readonly sequence: number;
  readonly withPacks: boolean;
}

async function aim(root: string, wanted: Aim, environment: Environment): Promise<EraseTargets> {
  const found = await takeInventory(root, environment);
  const { newestMs } = await summarizeLedger(ledgerPath(root), environment);
  refuseClockSetBack(newestMs, (environment.clock ?? Date.now)());
  await refuseHeld(found, wanted.sessionId, environment);
  const targets = await eraseTargets(found, wanted.sessionId, wanted.sequence, environment);
  if (targets.packs.length > 0 && !wanted.withPacks) throw carriedBy(targets);
  return targets;
}

async function refuseHeld(
  { root, ledgers }: RootInventory,
  sessionId: string,
  environment: Environment,
): Promise<void> {
  const holds = (await holdsAround(root, ledgers, environment)).filter(
    (hold) => isInForce(hold) && hold.sessionId === sessionId,
  );
  const [first] = holds;
  if (first === undefined) return;
  throw new GaitError('POLICY_BLOCKED', `session ${sessionId} is under hold: ${first.reason} (${first.actor})`, {
    hint: 'nothing was erased; whoever set the hold can release it: gait hold release',
    details: {
      session_id: sessionId,
      holds: holds.map(({ id, reason, actor, ledger }) => ({ id, reason, actor, ledger })),
    },
  });
}

function carriedBy({ packs, payload }: EraseTargets): GaitError {
  const paths = packs.map(({ item }) => item.path);
  return new GaitError('POLICY_BLOCKED', `the payload is also in ${paths.join(', ')}`, {
    hint: 'nothing was erased; --with-packs removes these packs too, each with a tombstone of its own',
    details: { packs: paths, path: payload.item.path },
  });
}

function checkRequest({ sessionId, sequence, reason, actor }: EraseRequest): EraseRequest {
  if (!Number.isSafeInteger(sequence) || sequence < 1) {
    throw new GaitError('INVALID_ARGUMENT', 'the sequence of an event is a whole number from 1', {
      details: { option: 'sequence', found: sequence },
    });
  }
  return {
    sessionId: checkId(sessionId, 'session id', 'INVALID_ARGUMENT'),
    sequence,
    reason: checkReason(reason),
    actor: checkId(actor, 'actor', 'INVALID_ARGUMENT'),
  };
}
