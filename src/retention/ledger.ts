/**
 * The ledger of a root: an ordinary session journal in which holds, and everything about removals, are written down. It is
 * linked, sealed and verified like any other, and nothing is ever removed from it.
 */
import { join } from 'node:path';
import { GaitError } from '../errors.js';
import {
  cleanFolder,
  openEngineJournal,
  resolveWorld,
  startEngineSession,
  type Environment,
  type Journal,
  type LockOptions,
} from '../journal/index.js';

/** Session id and run id of every ledger. */
export const LEDGER_ID = 'gait.ledger';

/** Its file in the root. */
export const LEDGER_NAME: string = `${LEDGER_ID}.jsonl`;

/** Clocks of hosts that share a root differ by less. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** Options of everything that writes to a ledger. */
export interface LedgerOptions extends Environment, LockOptions {}

/** Throws INVALID_PATH. */
export function ledgerPath(root: string): string {
  return join(cleanFolder(root), LEDGER_NAME);
}

/**
 * Opens the ledger for writing, made when there is none, and closes it whatever happens.
 *
 * @param lock `exclusive` keeps every other writer out until the work is done
 * @throws GaitError LOCK_TIMEOUT when another run holds it; JOURNAL_CORRUPT, JOURNAL_TRUNCATED, INVALID_PATH, IO_ERROR
 */
export async function withLedger<T>(
  root: string,
  lock: 'shared' | 'exclusive',
  options: LedgerOptions,
  work: (ledger: Journal) => Promise<T>,
): Promise<T> {
  refuseMissingRoot(root, options);
  const path = ledgerPath(root);
  await startEngineSession(path, { session_id: LEDGER_ID, run_id: LEDGER_ID }, options);
  const ledger = await openEngineJournal(path, { ...options, lock });
  try {
    return await work(ledger);
  } finally {
    await ledger.close();
  }
}

/** Throws FILE_NOT_FOUND, or INVALID_ARGUMENT for what is no folder. */
export function refuseMissingRoot(root: string, environment: Environment): void {
  const { fs } = resolveWorld(environment);
  const folder = cleanFolder(root);
  let kind = fs.lstat(folder)?.kind;
  if (kind === undefined) {
    throw new GaitError('FILE_NOT_FOUND', `there is no folder at ${folder}`, {
      hint: 'name the folder that holds the sessions with --root',
      details: { path: folder },
    });
  }
  // The root itself may be a link: somebody named it. Below it none is followed.
  if (kind === 'link') kind = fs.stat(folder).kind;
  if (kind === 'directory') return;
  throw new GaitError('INVALID_ARGUMENT', `${folder} is no folder`, { details: { path: folder, kind } });
}

/** Throws CLOCK_SET_BACK when the time is behind what the ledger has seen already. */
export function refuseClockSetBack(newestMs: number, nowMs: number): void {
  if (nowMs >= newestMs - CLOCK_TOLERANCE_MS) return;
  const [now, ledger] = [nowMs, newestMs].map((ms) => new Date(ms).toISOString());
  throw new GaitError('CLOCK_SET_BACK', `it is ${now} by the clock, but the ledger was written to at ${ledger}`, {
    details: { now, ledger },
  });
}

/** The environment alone: readers refuse options they do not know. */
export function environmentOf({ fileSystem, clock, randomBytes, env }: Environment): Environment {
  return {
    ...(fileSystem === undefined ? {} : { fileSystem }),
    ...(clock === undefined ? {} : { clock }),
    ...(randomBytes === undefined ? {} : { randomBytes }),
    ...(env === undefined ? {} : { env }),
  };
}

/** That, and how locks are waited for. */
export function lockingOf(options: LedgerOptions): LedgerOptions {
  const { lockTimeoutMs, lockRetryMs, lockStaleAfterMs, lockLayers } = options;
  return {
    ...environmentOf(options),
    ...(lockTimeoutMs === undefined ? {} : { lockTimeoutMs }),
    ...(lockRetryMs === undefined ? {} : { lockRetryMs }),
    ...(lockStaleAfterMs === undefined ? {} : { lockStaleAfterMs }),
    ...(lockLayers === undefined ? {} : { lockLayers }),
  };
}
