/** What a verifier is asked, and what it answers. */
import type { RetentionState, Tombstones } from './retention-types.js';
import type { Environment } from './environment.js';

/** Kinds of problems that `verify` reports. */
export type ProblemKind =
  | 'bad_json'
  | 'bad_record'
  | 'line_too_long'
  | 'missing_header'
  | 'duplicate_header'
  | 'identity_mismatch'
  | 'sequence_mismatch'
  | 'event_after_close'
  | 'checkpoint_mismatch'
  | 'prev_mismatch'
  | 'unlinked_line'
  | 'unterminated_line'
  | 'empty_journal'
  | 'truncated'
  | 'anchor_mismatch'
  | 'signature_invalid'
  | 'signature_missing'
  | 'unknown_key'
  | 'unsigned_tail'
  | 'proof_invalid'
  | 'payload_missing'
  | 'payload_altered'
  | 'payload_orphaned'
  | 'segment_missing'
  | 'segment_damaged'
  | 'segment_mismatch'
  | 'lines_pruned'
  | 'payload_erased';

/** One thing that is wrong with evidence, and where. */
export interface Problem {
  readonly kind: ProblemKind;
  /** 1-based number of the line in the log; lines that compaction moved out count. */
  readonly line: number;
  /** In the journal file; when `segment` is given, in the lines of that segment. */
  readonly byte_offset: number;
  /** Name of the segment that holds the line, when compaction moved it out of the journal file. */
  readonly segment?: string;
  readonly sequence?: number;
  readonly expected?: string;
  readonly found?: string;
  /** What it means to a reader who did not write this tool. */
  readonly meaning: string;
}

/** `skipped`: there are signatures, but no key to check them with. */
export type SignatureStatus = 'verified' | 'missing' | 'skipped' | 'failed';

export interface VerifyReport {
  readonly ok: boolean;
  readonly path: string;
  readonly kind: 'journal';
  readonly session_id?: string;
  readonly run_id?: string;
  readonly verdict: 'valid' | 'invalid';
  readonly signature_status: SignatureStatus;
  readonly retention: RetentionState;
  /** Key IDs (hex SHA-256 of the public key) whose signatures verified. */
  readonly signed_by: readonly string[];
  readonly coverage: VerifyCoverage;
  /** The first problems, at most 1,000 of them. */
  readonly problems: readonly Problem[];
  readonly problem_count: number;
  /** Things that are not proved but are no failure: an unsigned tail, unlinked lines, a write in flight. */
  readonly warnings: readonly Problem[];
  readonly warning_count: number;
}

/** What the verdict covers. */
export interface VerifyCoverage {
  readonly lines: number;
  readonly events: number;
  readonly checkpoints: number;
  readonly first_sequence: number;
  readonly last_sequence: number;
  readonly tree_size: number;
  readonly root_hash: string;
  readonly head: string;
  readonly unlinked_lines: number;
  /** Events after the last checkpoint. */
  readonly uncheckpointed_events: number;
  /** Last event that a verified signature covers; 0 when none does. */
  readonly signed_to_sequence: number;
  /** Events after that one. */
  readonly unsigned_events: number;
  readonly unterminated_bytes: number;
  readonly closed: boolean;
  /** Segments that the journal file stands on. */
  readonly segments: number;
  /** Events up to this one are gone, with or without a tombstone; 0 when none are. They count in no other figure. */
  readonly pruned_to_sequence: number;
  readonly erased_payloads: number;
}

export interface VerifyOptions extends Environment {
  /** Ed25519 public keys, 32 bytes each, that signatures are checked with. */
  readonly publicKeys?: readonly Uint8Array[];
  /** `strict`: signatures over every event, every line linked. */
  readonly profile?: 'standard' | 'strict';
  /** Fail unless a signature of one of the keys verifies. */
  readonly requireSignature?: boolean;
  /** A head that is trusted already: the text of a receipt (JSON) or of a checkpoint note. */
  readonly since?: string;
  /** Where to ask about lines and payloads that are gone. Without it, whatever is gone counts as missing. */
  readonly tombstones?: Tombstones;
  readonly onProgress?: (done: { readonly bytes: number; readonly totalBytes: number; readonly lines: number }) => void;
  readonly signal?: AbortSignal;
}
