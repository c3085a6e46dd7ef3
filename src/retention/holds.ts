/** Legal holds: what they keep is kept by everything in this package, whatever a policy says. */
import { dirname, join, resolve } from 'node:path';
import { GaitError } from '../errors.js';
import { checkId, cleanFolder, resolveWorld, type Environment } from '../journal/index.js';
import type { KeyPair } from '../sign/index.js';
import { isInForce, type HoldAttributes, type LedgerHold } from './holds-fold.js';
import { walkRoot } from './inventory-walk.js';
import {
  environmentOf,
  LEDGER_NAME,
  ledgerPath,
  refuseClockSetBack,
  withLedger,
  type LedgerOptions,
} from './ledger.js';
import { summarizeLedger } from './ledger-reader.js';
import { LEDGER_TOOLS } from './tombstones.js';
import type { Hold } from './types.js';

/** Who asks for a hold, or for its end, and why. */
export interface HoldRequest {
  readonly sessionId: string;
  readonly reason: string;
  readonly actor: string;
}

export interface HoldOptions extends LedgerOptions {
  /** Seals and signs the ledger after the event. Without it the hold is as much in force. */
  readonly key?: KeyPair;
}

/**
 * Puts a session under hold, whether or not it exists yet. Another hold on the same session is a hold of its own.
 *
 * @throws GaitError INVALID_ARGUMENT, FILE_NOT_FOUND (no such root), LOCK_TIMEOUT while a prune is under way, JOURNAL_CORRUPT,
 * CLOCK_SET_BACK, DISK_FULL, IO_ERROR
 */
export async function setHold(root: string, request: HoldRequest, options: HoldOptions = {}): Promise<LedgerHold> {
  const { sessionId, reason, actor } = checkRequest(request);
  const id = await appendToLedger(root, options, async () =>
    Promise.resolve({ tool: LEDGER_TOOLS.holdSet, actor, attributes: { session_id: sessionId, reason } }),
  );
  return await heldAs(root, id, options);
}

/**
 * Ends the holds of this root on a session, or the one that `holdId` names. Those of other ledgers stay.
 *
 * @throws GaitError INVALID_ARGUMENT when there is no such hold in force; else as setHold
 */
export async function releaseHold(
  root: string,
  request: HoldRequest & { readonly holdId?: number },
  options: HoldOptions = {},
): Promise<readonly LedgerHold[]> {
  const { sessionId, reason, actor } = checkRequest(request);
  let ids: number[] = [];
  await appendToLedger(root, options, async () => {
    const { holds } = await summarizeLedger(ledgerPath(root), environmentOf(options));
    ids = holds
      .filter((hold) => isInForce(hold) && hold.sessionId === sessionId)
      .map(({ id }) => id)
      .filter((id) => request.holdId === undefined || id === request.holdId);
    if (ids.length === 0) throw await noSuchHold(root, request, options);
    return { tool: LEDGER_TOOLS.holdRelease, actor, attributes: { session_id: sessionId, reason, hold_ids: ids } };
  });
  const { holds } = await summarizeLedger(ledgerPath(root), environmentOf(options));
  return holds.filter(({ id }) => ids.includes(id));
}

/**
 * The holds of the root's ledger, and of every ledger below it or in a folder above: a hold must not be missed because
 * somebody named another root.
 *
 * @throws GaitError JOURNAL_CORRUPT when one of the ledgers does not verify; FILE_NOT_FOUND, INVALID_PATH, IO_ERROR
 */
export async function listHolds(root: string, options: Environment = {}): Promise<readonly LedgerHold[]> {
  const environment = environmentOf(options);
  const ledgers: string[] = [];
  for (const entry of walkRoot(root, environment)) if (entry.type === 'ledger') ledgers.push(entry.path);
  return await holdsOf([...ledgersAbove(root, environment), ...ledgers], environment);
}

/** As listHolds, for a root that was walked. @param ledgersBelow every ledger in it, as the walk found them */
export async function holdsAround(
  root: string,
  ledgersBelow: readonly string[],
  environment: Environment,
): Promise<readonly LedgerHold[]> {
  return await holdsOf([...ledgersAbove(root, environment), ...ledgersBelow], environment);
}

/** What a plan knows of a hold. */
export function bareHold({ id, sessionId, reason, actor, createdAt }: LedgerHold): Hold {
  return { id, sessionId, reason, actor, createdAt };
}

/** Ledgers in the folders above a folder, links in its own path resolved. */
export function ledgersAbove(folder: string, environment: Environment): string[] {
  const { fs } = resolveWorld(environment);
  const found: string[] = [];
  const given = resolve(cleanFolder(folder));
  // Of what is not there, the folder above may be.
  let at = fs.lstat(given) === undefined ? given : fs.realPath(given);
  while (dirname(at) !== at) {
    at = dirname(at);
    const path = join(at, LEDGER_NAME);
    if (fs.lstat(path)?.kind === 'file') found.push(path);
  }
  return found;
}

async function holdsOf(ledgers: readonly string[], environment: Environment): Promise<readonly LedgerHold[]> {
  const holds: LedgerHold[] = [];
  for (const path of ledgers) holds.push(...(await summarizeLedger(path, environment)).holds);
  return holds;
}

async function appendToLedger(
  root: string,
  options: HoldOptions,
  decide: () => Promise<{ tool: string; actor: string; attributes: HoldAttributes }>,
): Promise<number> {
  const { key, ...rest } = options;
  const environment = environmentOf(options);
  return await withLedger(root, 'exclusive', rest, async (ledger) => {
    const { clock } = resolveWorld(environment);
    refuseClockSetBack((await summarizeLedger(ledger.path, environment)).newestMs, clock());
    const { tool, actor, attributes } = await decide();
    const event = { tool_name: tool, verdict: 'allow' as const, actor, attributes: { ...attributes } };
    const { sequence } = await ledger.append(event);
    if (key !== undefined) await ledger.checkpoint({ key });
    return sequence;
  });
}

async function heldAs(root: string, id: number, options: HoldOptions): Promise<LedgerHold> {
  const { holds } = await summarizeLedger(ledgerPath(root), environmentOf(options));
  const hold = holds.find((one) => one.id === id);
  if (hold === undefined) throw new GaitError('INTERNAL', 'a hold that was set is not in the ledger');
  return hold;
}

/** The longest text that people write; longer ones belong into a document that the reason names. */
const MAX_REASON_LENGTH = 4_096;

function checkRequest({ sessionId, reason, actor }: HoldRequest): HoldRequest {
  return {
    sessionId: checkId(sessionId, 'session id', 'INVALID_ARGUMENT'),
    reason: checkReason(reason),
    actor: checkId(actor, 'actor', 'INVALID_ARGUMENT'),
  };
}

/** Throws INVALID_ARGUMENT. */
export function checkReason(reason: unknown): string {
  const text = typeof reason === 'string' ? reason.trim() : '';
  if (text !== '' && text.length <= MAX_REASON_LENGTH && text.isWellFormed()) return text;
  throw new GaitError('INVALID_ARGUMENT', `a reason is a text of at most ${MAX_REASON_LENGTH} characters`, {
    hint: 'say why with --reason "..."; whoever reads the ledger later has nothing else',
    details: { field: 'reason' },
  });
}

async function noSuchHold(
  root: string,
  { sessionId, holdId }: HoldRequest & { readonly holdId?: number },
  options: HoldOptions,
): Promise<GaitError> {
  const elsewhere = (await listHolds(root, environmentOf(options))).filter(
    (hold) => isInForce(hold) && hold.sessionId === sessionId && hold.ledger !== ledgerPath(root),
  );
  const which = holdId === undefined ? '' : ` with the number ${holdId}`;
  return new GaitError('INVALID_ARGUMENT', `no hold${which} on session ${sessionId} is in force in this root`, {
    hint:
      elsewhere.length === 0
        ? 'gait hold list shows those in force'
        : `it is held in another ledger: ${elsewhere.map(({ ledger }) => ledger).join(', ')}`,
    details: { session_id: sessionId, hold_id: holdId },
  });
}
