/**
 * How things are removed, whoever asked for it: the intent, signed, before anything moves; the trash; tombstones and the
 * receipt, signed, after everything is gone. What a crash leaves half done, {@link resumeRemovals} finishes.
 */
import { ioError, resolveWorld, type Environment, type EventInput, type Journal } from '../journal/index.js';
import type { KeyPair } from '../sign/index.js';
import { attributesOf, ledgerEvent, type IntentEntry, type LedgerSummary } from './ledger-reader.js';
import {
  TOOLS_OF,
  type IntentFacts,
  type LeftItem,
  type ReceiptFacts,
  type RemovalCause,
  type Removal,
  type RemovedItem,
  type TombstoneFacts,
} from './tombstones.js';
import { intentsInTrash, removeEmptyTrash, Trash } from './trash.js';

export interface RemovalContext {
  /** Links resolved. */
  readonly root: string;
  /** Open exclusively: one removal at a time. */
  readonly ledger: Journal;
  readonly key: KeyPair;
  readonly actor: string | undefined;
  readonly environment: Environment;
}

/** What came of an intent. */
export interface RemovalOutcome {
  readonly cause: RemovalCause;
  readonly receipt: ReceiptFacts;
  readonly removed: readonly RemovedItem[];
  /** What the intent lists, removed or not. */
  readonly listed: readonly Removal[];
  /** Of the receipt's event in the ledger, and the signed note that covers it. */
  readonly receipt_sequence: number;
  readonly note: string;
}

/** Moves one thing and says why it stays when it does. */
export type Mover = (removal: Removal, move: () => boolean) => Promise<string | undefined>;

/** @throws GaitError DISK_FULL, IO_ERROR, SYNC_FAILED: run it again, and it is finished */
export async function removeThings(
  context: RemovalContext,
  cause: RemovalCause,
  facts: IntentFacts,
  mover: Mover,
): Promise<RemovalOutcome> {
  const { ledger, key, root } = context;
  const { sequence: intent } = await ledger.append(eventOf(context, TOOLS_OF[cause].intent, facts));
  // Signed before anything moves: until the receipt is, this intent is the proof of what went.
  await ledger.checkpoint({ key });
  return await onDisk(root, async () => {
    const trash = new Trash(resolveWorld(context.environment), root, intent);
    trash.make();
    const moved: number[] = [];
    const left: LeftItem[] = [];
    for (const [place, removal] of facts.removals.entries()) {
      const reason = await mover(removal, () => trash.move(place, removal));
      if (reason === undefined) moved.push(place);
      else left.push(leftItem(removal, reason));
    }
    trash.markMoved(moved);
    return await finish(context, cause, trash, { intent, facts, moved, left, isResumed: false });
  });
}

/**
 * Finishes what earlier runs began and did not end: what is in the trash goes, the rest stays. Seals what they left unsealed.
 *
 * @throws as removeThings
 */
export async function resumeRemovals(context: RemovalContext, summary: LedgerSummary): Promise<RemovalOutcome[]> {
  const { ledger, key, root, environment } = context;
  if (summary.unsealedEvents > 0) await ledger.checkpoint({ key });
  return await onDisk(root, async () => {
    const world = resolveWorld(environment);
    const outcomes: RemovalOutcome[] = [];
    for (const intent of summary.intents) if (!intent.isFinished) outcomes.push(await resume(context, intent));
    for (const intent of intentsInTrash(world.fs, root)) new Trash(world, root, intent).remove();
    removeEmptyTrash(world.fs, root);
    return outcomes;
  });
}

async function resume(context: RemovalContext, { sequence, cause }: IntentEntry): Promise<RemovalOutcome> {
  const { ledger, root, environment } = context;
  const event = await ledgerEvent(ledger.path, sequence, environment);
  const facts = await attributesOf<IntentFacts>(ledger.path, event, environment);
  const trash = new Trash(resolveWorld(environment), root, sequence);
  const places = [...facts.removals.entries()];
  const marked = trash.marked();
  const moved = marked ?? places.filter(([place, removal]) => trash.finishMove(place, removal)).map(([place]) => place);
  const left = places
    .filter(([place]) => !moved.includes(place))
    .map(([, removal]) => leftItem(removal, 'the run was interrupted before it was moved'));
  if (trash.exists() && marked === undefined) trash.markMoved(moved);
  return await finish(context, cause, trash, { intent: sequence, facts, moved, left, isResumed: true });
}

interface MovedThings {
  readonly intent: number;
  readonly facts: IntentFacts;
  readonly moved: readonly number[];
  readonly left: readonly LeftItem[];
  readonly isResumed: boolean;
}

async function finish(
  context: RemovalContext,
  cause: RemovalCause,
  trash: Trash,
  { intent, facts, moved, left, isResumed }: MovedThings,
): Promise<RemovalOutcome> {
  const { ledger, key } = context;
  const { plan_digest: digest, reason } = facts;
  const common = {
    intent,
    ...(digest === undefined ? {} : { plan_digest: digest }),
    ...(reason === undefined ? {} : { reason }),
  };
  if (trash.exists()) trash.empty();
  const gone = new Set(moved);
  const tombstones: TombstoneFacts[] = [];
  for (const [place, { item }] of facts.removals.entries()) {
    if (gone.has(place)) tombstones.push({ ...item, ...common, place });
  }
  const receipt: ReceiptFacts = {
    ...common,
    removed: tombstones.length,
    removed_bytes: tombstones.reduce((sum, { bytes }) => sum + bytes, 0),
    left,
    resumed: isResumed,
  };
  const tools = TOOLS_OF[cause];
  const receipts = await ledger.appendAll([
    ...tombstones.map((tombstone) => eventOf(context, tools.tombstone, tombstone)),
    eventOf(context, tools.receipt, receipt),
  ]);
  const { note = '' } = await ledger.checkpoint({ key });
  trash.remove();
  return {
    cause,
    receipt,
    removed: facts.removals.filter((_, place) => gone.has(place)).map(({ item }) => item),
    listed: facts.removals,
    receipt_sequence: receipts.at(-1)?.sequence ?? 0,
    note,
  };
}

function eventOf({ actor }: RemovalContext, tool: string, attributes: object): EventInput {
  return {
    tool_name: tool,
    verdict: 'allow',
    ...(actor === undefined ? {} : { actor }),
    attributes: { ...attributes },
  };
}

function leftItem({ item }: Removal, reason: string): LeftItem {
  return { path: item.path, kind: item.kind, reason };
}

async function onDisk<T>(root: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw ioError(error, 'remove things below', root);
  }
}
