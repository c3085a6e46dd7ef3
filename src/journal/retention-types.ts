/** What the engine and retention tell each other of lines and payloads that may go, or are gone. */

/** A file and its size. */
export interface SizedFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** One stretch of a log that compaction moved out of the journal file. */
export interface SegmentInfo {
  /** Base name of its files. */
  readonly name: string;
  /** Lines of the log from `leafStart` up to, not including, `leafEnd`. */
  readonly leafStart: number;
  readonly leafEnd: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** The checkpoint that ends it: its index, time, root (hex), and whether it carries a signature. As the journal file has it. */
  readonly checkpointIndex: number;
  readonly sealedAt: string;
  readonly rootHash: string;
  readonly isSigned: boolean;
  readonly contentSha256: string;
  readonly rawBytes: number;
  /** False when the lines are gone: pruned, or lost. */
  readonly isPresent: boolean;
  /** What goes when it is pruned. Its manifest stays, with the frontier of the tree. */
  readonly files: readonly SizedFile[];
}

/**
 * `pruned (proven)`: lines or payloads are gone, and a tombstone says why. `missing (unproven)`: some are gone that no tombstone
 * names.
 */
export type RetentionState = 'intact' | 'pruned (proven)' | 'missing (unproven)';

/** Knows what was removed by policy. The ledger of a root does. */
export interface Tombstones {
  segment(sessionId: string, segment: SegmentInfo): boolean;
  payload(sessionId: string, sha256: string): boolean;
}
