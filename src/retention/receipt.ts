/** What a prune or an erase answers. */
import type { KeptSession, LeftItem, RemovalCause, RemovedItem } from './tombstones.js';
import type { RemovalOutcome } from './trash-removal.js';

/** One intent and what came of it. */
export interface RemovalReceipt {
  readonly cause: RemovalCause;
  /** Sequences of the intent and of the receipt in the ledger. */
  readonly intent: number;
  readonly receipt: number;
  readonly plan_digest?: string;
  readonly reason?: string;
  readonly removed: readonly RemovedItem[];
  readonly removed_count: number;
  readonly removed_bytes: number;
  /** What was to go and stayed. */
  readonly left: readonly LeftItem[];
  /** Begun by an earlier run, which was interrupted. */
  readonly resumed: boolean;
  /** The signed note of the ledger's checkpoint that covers all of it: keep a copy elsewhere. */
  readonly note: string;
}

/** Schema: schemas/prune-receipt.schema.json. */
export interface PruneReceipt {
  readonly schema_id: 'gait.prune.report';
  readonly schema_version: '1.0.0';
  readonly ok: true;
  /** Links resolved. */
  readonly root: string;
  readonly ledger: string;
  readonly plan_digest: string;
  readonly actor?: string;
  /** What earlier runs had begun, then this one; empty when there was nothing to do. */
  readonly removals: readonly RemovalReceipt[];
  readonly removed_count: number;
  readonly removed_bytes: number;
  readonly left_count: number;
  /** Sessions that an earlier run saw, and that are gone without a tombstone. */
  readonly vanished: readonly KeptSession[];
}

export function receiptOf({ cause, receipt, removed, receipt_sequence, note }: RemovalOutcome): RemovalReceipt {
  const { intent, plan_digest, reason, removed: count, removed_bytes, left, resumed } = receipt;
  return {
    cause,
    intent,
    receipt: receipt_sequence,
    ...(plan_digest === undefined ? {} : { plan_digest }),
    ...(reason === undefined ? {} : { reason }),
    removed,
    removed_count: count,
    removed_bytes,
    left,
    resumed,
    note,
  };
}

/** Sums over several. */
export function totals(
  removals: readonly RemovalReceipt[],
): Pick<PruneReceipt, 'removed_count' | 'removed_bytes' | 'left_count'> {
  const sum = (of: (removal: RemovalReceipt) => number): number => removals.reduce((all, each) => all + of(each), 0);
  return {
    removed_count: sum(({ removed_count: count }) => count),
    removed_bytes: sum(({ removed_bytes: bytes }) => bytes),
    left_count: sum(({ left }) => left.length),
  };
}
