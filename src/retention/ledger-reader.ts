/** Reads a ledger: its events, with attributes that were too long for a line, and what they add up to. */
import { GaitError } from '../errors.js';
import {
  readJournal,
  readPayload,
  resolveWorld,
  verifyJournal,
  type Environment,
  type SessionEvent,
} from '../journal/index.js';
import { parseExactJson } from '../sign/index.js';
import { foldHolds, type LedgerHold } from './holds-fold.js';
import { LEDGER_TOOLS, TOOLS_OF, type ReceiptFacts, type RemovalCause } from './tombstones.js';

/** A removal that was begun. */
export interface IntentEntry {
  readonly sequence: number;
  readonly cause: RemovalCause;
  readonly actor: string | undefined;
  /** Its receipt is in the ledger: it is finished. */
  readonly isFinished: boolean;
  /** Of the plan, as the receipt has it. */
  readonly planDigest?: string;
}

/** What a ledger says, without the lists that only some need. */
export interface LedgerSummary {
  readonly path: string;
  /** Every hold that was ever set, in order. */
  readonly holds: readonly LedgerHold[];
  readonly intents: readonly IntentEntry[];
  /** Milliseconds since 1970; 0 for a ledger that is not there. */
  readonly newestMs: number;
  /** Events after the last checkpoint. */
  readonly unsealedEvents: number;
}

const CAUSES: Readonly<Record<string, RemovalCause>> = {
  [LEDGER_TOOLS.pruneIntent]: 'prune',
  [LEDGER_TOOLS.eraseIntent]: 'erase',
};

const RECEIPTS: ReadonlySet<string> = new Set(Object.values(TOOLS_OF).map(({ receipt }) => receipt));

/** Events in the order of the ledger; none when there is no ledger. Throws as readJournal. */
async function* ledgerEvents(
  path: string,
  environment: Environment,
  fromSequence = 1,
): AsyncGenerator<SessionEvent, void, undefined> {
  if (resolveWorld(environment).fs.lstat(path) === undefined) return;
  for await (const line of readJournal(path, { ...environment, fromSequence })) {
    if (line.recordType === 'event') yield line.event;
  }
}

/**
 * Verifies the ledger as far as it can be without keys, then reads it.
 *
 * @throws GaitError JOURNAL_CORRUPT when it does not verify: what it does not say may be a hold; else as verifyJournal
 */
export async function summarizeLedger(path: string, environment: Environment): Promise<LedgerSummary> {
  const empty = { path, holds: [], intents: [], newestMs: 0, unsealedEvents: 0 };
  if (resolveWorld(environment).fs.lstat(path) === undefined) return empty;
  const { ok, problems, problem_count: count, coverage } = await verifyJournal(path, environment);
  if (!ok) {
    throw new GaitError('JOURNAL_CORRUPT', `the ledger ${path} does not verify (${count}): ${problems[0]?.meaning}`, {
      hint: 'run gait verify on it; while it cannot be trusted nothing is removed, because holds may be missing',
      details: { path, problem: problems[0]?.kind, line: problems[0]?.line },
    });
  }
  const intents = new Map<number, IntentEntry>();
  let newestMs = 0;
  const holdEvents: SessionEvent[] = [];
  for await (const event of ledgerEvents(path, environment)) {
    newestMs = Math.max(newestMs, Date.parse(event.created_at));
    const { tool_name: tool, sequence, actor } = event;
    const cause = CAUSES[tool];
    if (cause !== undefined) intents.set(sequence, { sequence, cause, actor, isFinished: false });
    if (tool === LEDGER_TOOLS.holdSet || tool === LEDGER_TOOLS.holdRelease) holdEvents.push(event);
    if (!RECEIPTS.has(tool)) continue;
    const { intent, plan_digest: digest } = await attributesOf<ReceiptFacts>(path, event, environment);
    const begun = intents.get(intent);
    if (begun !== undefined) {
      intents.set(intent, { ...begun, isFinished: true, ...(digest === undefined ? {} : { planDigest: digest }) });
    }
  }
  return {
    path,
    holds: foldHolds(path, holdEvents),
    intents: [...intents.values()],
    newestMs,
    unsealedEvents: coverage.uncheckpointed_events,
  };
}

/**
 * The attributes of an event, from their payload when they were too long for the line. The shape is the caller's claim: it
 * holds for events of a ledger that verified, because only this package writes reserved tool names.
 */
export async function attributesOf<T extends object>(
  path: string,
  event: SessionEvent,
  environment: Environment,
): Promise<T> {
  if (event.attributes !== undefined) return event.attributes as T;
  if (event.payload === undefined) return {} as T;
  const { content } = await readPayload(path, event.sequence, environment);
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return parseExactJson(Buffer.concat(chunks).toString('utf8')) as T;
}

/** The event at a sequence. Throws JOURNAL_CORRUPT when there is none. */
export async function ledgerEvent(path: string, sequence: number, environment: Environment): Promise<SessionEvent> {
  for await (const event of ledgerEvents(path, environment, sequence)) {
    if (event.sequence === sequence) return event;
    break;
  }
  throw new GaitError('JOURNAL_CORRUPT', `the ledger ${path} has no event ${sequence}`, {
    details: { path, sequence },
  });
}
