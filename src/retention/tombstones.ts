/**
 * What the ledger says about removals: the intent before, a tombstone for each thing that went, the receipt after. These are
 * the attributes of its events, so they keep their wire names.
 */
import type { RetentionKind } from './types.js';

/** Tool names of the ledger's events. Callers cannot use them: the prefix is reserved. */
export const LEDGER_TOOLS = {
  holdSet: 'gait.hold.set',
  holdRelease: 'gait.hold.release',
  pruneIntent: 'gait.prune.intent',
  pruneTombstone: 'gait.prune.tombstone',
  pruneReceipt: 'gait.prune.receipt',
  eraseIntent: 'gait.erase.intent',
  eraseTombstone: 'gait.erase.tombstone',
  eraseReceipt: 'gait.erase.receipt',
} as const;

/** Which of the two asked for a removal. */
export type RemovalCause = 'prune' | 'erase';

export const TOOLS_OF: Readonly<
  Record<RemovalCause, { readonly intent: string; readonly tombstone: string; readonly receipt: string }>
> = {
  prune: {
    intent: LEDGER_TOOLS.pruneIntent,
    tombstone: LEDGER_TOOLS.pruneTombstone,
    receipt: LEDGER_TOOLS.pruneReceipt,
  },
  erase: {
    intent: LEDGER_TOOLS.eraseIntent,
    tombstone: LEDGER_TOOLS.eraseTombstone,
    receipt: LEDGER_TOOLS.eraseReceipt,
  },
};

interface RemovedBase {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly bytes: number;
  /** Id of the rule that it fell under; `erase` for what a person asked to erase. */
  readonly rule: string;
}

export interface RemovedSession extends RemovedBase {
  readonly kind: 'session';
  readonly session_id: string;
  readonly run_id: string;
  /** Of the log as it was: leaf hash of its last line, lines, RFC 6962 root. */
  readonly head: string;
  readonly tree_size: number;
  readonly root_hash: string;
  readonly last_sequence: number;
  readonly checkpoint_index: number;
  readonly closed: boolean;
}

export interface RemovedSegment extends RemovedBase {
  readonly kind: 'segment';
  readonly session_id: string;
  readonly name: string;
  readonly leaf_start: number;
  readonly leaf_end: number;
  readonly first_sequence: number;
  readonly last_sequence: number;
  readonly content_sha256: string;
  readonly root_hash: string;
  /** Hashes of the payloads that went with their events. */
  readonly payloads: readonly string[];
}

export interface RemovedPayload extends RemovedBase {
  readonly kind: 'payload';
  readonly session_id: string;
  readonly sequence: number;
  readonly sha256: string;
}

export interface RemovedFile extends RemovedBase {
  readonly kind: 'trace' | 'pack' | 'export';
  readonly sha256: string;
}

/** One thing that goes, or went. */
export type RemovedItem = RemovedSession | RemovedSegment | RemovedPayload | RemovedFile;

/** Kinds of things that go one by one. */
export type RemovedKind = RetentionKind | 'segment';

/** A removal as the intent lists it: what, and which files, relative to the root, in the order in which they are moved. */
export interface Removal {
  readonly item: RemovedItem;
  readonly files: readonly string[];
}

/** A session as it was when the intent was written: it must be there later, with at least these lines. */
export interface KeptSession {
  readonly path: string;
  readonly session_id: string;
  readonly head: string;
  readonly tree_size: number;
  readonly checkpoint_index: number;
}

export interface IntentFacts {
  readonly plan_digest?: string;
  readonly reason?: string;
  readonly removals: readonly Removal[];
  /** Prune only. Those that an earlier intent listed and nobody has seen since are carried on. */
  readonly kept?: readonly KeptSession[];
}

/** `intent`: sequence of the intent in the ledger; `place`: of the removal in it. */
export type TombstoneFacts = RemovedItem & {
  readonly intent: number;
  readonly place: number;
  readonly plan_digest?: string;
  readonly reason?: string;
};

/** Something that was to go and stayed. */
export interface LeftItem {
  readonly path: string;
  readonly kind: RemovedKind;
  readonly reason: string;
}

export interface ReceiptFacts {
  readonly intent: number;
  readonly plan_digest?: string;
  readonly reason?: string;
  /** Tombstones of the intent, and the bytes they speak of. */
  readonly removed: number;
  readonly removed_bytes: number;
  readonly left: readonly LeftItem[];
  /** The run was cut short and finished by a later one. */
  readonly resumed: boolean;
}
