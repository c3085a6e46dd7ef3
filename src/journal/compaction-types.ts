/** What callers of a compaction see. */

export interface CompactOptions {
  /** Change nothing; say what would be done. */
  readonly dryRun?: boolean;
  /** Leave the journal alone, and write the compacted log to this path, where nothing may be yet. */
  readonly out?: string;
  /** Told while the sealed lines are read, now and then: bytes of them. */
  readonly onProgress?: (done: { readonly bytes: number; readonly totalBytes: number }) => void;
  readonly signal?: AbortSignal;
}

/** The lines that a compaction moved out of the journal file. */
export interface CompactionSegment {
  readonly name: string;
  /** Lines of the log from `leaf_start` up to, not including, `leaf_end`. */
  readonly leaf_start: number;
  readonly leaf_end: number;
  readonly first_sequence: number;
  readonly last_sequence: number;
  /** Bytes of the lines, and of their compressed file. */
  readonly raw_bytes: number;
  readonly gzip_bytes: number;
  readonly content_sha256: string;
  /** Root that the checkpoint at its end seals (hex). */
  readonly root_hash: string;
}

/** What a compaction did, or would do. Events and bytes are those of the journal file. */
export interface CompactionResult {
  readonly journal_path: string;
  readonly output_path: string;
  readonly dry_run: boolean;
  /** False when there was nothing to move. */
  readonly compacted: boolean;
  readonly events_before: number;
  readonly events_after: number;
  readonly checkpoints: number;
  readonly last_checkpoint_sequence: number;
  readonly bytes_before: number;
  readonly bytes_after: number;
  readonly segment?: CompactionSegment;
}

/** Automatic compaction, after a checkpoint: when sealed lines in the journal file pass one of these. */
export interface CompactionPolicy {
  readonly bytes?: number;
  readonly events?: number;
}
