/**
 * The shapes of retention. The plan is a pure function of an inventory, a policy, the holds and the time; everything that
 * reads or writes files stands around it.
 */

/** What a rule can be about. `export`: runpacks of checkpoints. `pack`: evidence packs that were made of them. */
export type RetentionKind = 'session' | 'trace' | 'pack' | 'export' | 'payload';

/** A limit that is set; what is not set is not limited. */
export interface RetentionRule {
  readonly maxAgeMs?: number;
  readonly maxCount?: number;
  readonly maxBytes?: number;
  /** The newest of them stay whatever the limits say. */
  readonly keepLast?: number;
  /** Nothing younger goes, whatever the limits say. */
  readonly minAgeMs?: number;
}

/** A named set of rules. A kind without a rule is never pruned. */
export interface RetentionProfile {
  readonly name: string;
  readonly rules: Readonly<Partial<Record<RetentionKind, RetentionRule>>>;
}

/** Every profile there is, and the one in force where neither the caller nor a session names another. */
export interface RetentionPolicy {
  readonly profiles: readonly RetentionProfile[];
  /** Undefined: nothing is ever pruned, except from sessions that name a profile of their own. */
  readonly defaultProfile: string | undefined;
  /** The caller named it: a session with a profile of its own gets the longer limit of the two. */
  readonly isNamedByCaller?: boolean;
}

/** Fields that every item of an inventory has. Paths are relative to the root, with slashes. */
interface ItemBase {
  readonly path: string;
  /** Of a session: all its files together, segments and payloads included. */
  readonly sizeBytes: number;
  /**
   * Milliseconds since 1970: the time of the newest signed checkpoint, else of the newest event, or the time that the
   * content gives; never that of the file. Undefined when the content gives none.
   */
  readonly timeMs: number | undefined;
  /** Why it cannot be judged, when it cannot: it is kept then. */
  readonly unreadable?: string;
}

/** A stretch at the front of a session's log that compaction moved out of the journal. */
export interface SegmentItem {
  readonly name: string;
  /** Time of the checkpoint that ends it. */
  readonly timeMs: number;
  readonly isSigned: boolean;
  readonly sizeBytes: number;
  readonly leafStart: number;
  readonly leafEnd: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** SHA-256 of its lines. */
  readonly contentSha256: string;
  /** Root of the log that the checkpoint at its end seals. */
  readonly rootHash: string;
}

export interface PayloadItem {
  readonly sha256: string;
  readonly sequence: number;
  readonly timeMs: number;
  readonly sizeBytes: number;
}

export interface SessionItem extends ItemBase {
  readonly kind: 'session';
  readonly sessionId: string;
  readonly runId: string;
  /** Leaf hash of the last line, lines of the log, and their root. */
  readonly head: string;
  readonly treeSize: number;
  readonly rootHash: string;
  readonly lastSequence: number;
  readonly checkpointIndex: number;
  readonly isClosed: boolean;
  /** A checkpoint is the last line: no event is without a seal. */
  readonly isSealed: boolean;
  /** That checkpoint carries a signature. */
  readonly isSigned: boolean;
  /** Last sequence that a signed checkpoint covers. Absent: that of the newest signed segment, or the last when sealed and signed. */
  readonly signedToSequence?: number;
  /** The profile that the session's header names. */
  readonly profile: string | undefined;
  /** Those whose lines are still there, oldest first. */
  readonly segments: readonly SegmentItem[];
  /** Only when a rule is about payloads. */
  readonly payloads: readonly PayloadItem[];
}

/** A file of its own: a trace, a runpack, an evidence pack. */
export interface FileItem extends ItemBase {
  readonly kind: 'trace' | 'pack' | 'export';
  readonly sha256: string;
  /** The sessions it belongs to, when that is known: their holds protect it. */
  readonly sessionIds: readonly string[];
  /** What names it, for people: `event 12 of s1`, `checkpoint 3 of s1`. Whatever is named here is kept. */
  readonly referencedBy: readonly string[];
  /** Paths of the sessions that do: once all of those go as a whole, the reference is gone. Empty: it never is. */
  readonly referencedBySessions: readonly string[];
}

export type InventoryItem = SessionItem | FileItem;

/** What there is under a root. */
export interface Inventory {
  /** In the order of their paths. */
  readonly items: readonly InventoryItem[];
}

/** A hold that is in force. */
export interface Hold {
  /** Its place in the ledger. */
  readonly id: number;
  readonly sessionId: string;
  readonly reason: string;
  readonly actor: string;
  readonly createdAt: string;
}
