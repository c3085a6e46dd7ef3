/** Reports on runpacks and chains. Fields that the Go tool has too keep its names (docs/go-compatibility.md). */
import type { SignatureStatus } from '../verify-types.js';

export type RunpackProblemKind =
  /** The zip file itself: two readers could see two different contents in it. */
  | 'bad_directory'
  | 'too_many_entries'
  | 'too_much_content'
  | 'duplicate_entry'
  | 'undeclared_entry'
  | 'unsafe_name'
  | 'not_a_file'
  | 'encrypted_entry'
  | 'unsupported_method'
  | 'header_mismatch'
  | 'overlapping_entries'
  | 'hidden_data'
  | 'entry_too_large'
  | 'size_mismatch'
  | 'crc_mismatch'
  | 'unreadable_entry'
  /** The manifest against the entries. */
  | 'bad_manifest'
  | 'missing_file'
  | 'hash_mismatch'
  /** The content of the entries. */
  | 'bad_json'
  | 'bad_record'
  | 'line_too_long'
  | 'identity_mismatch'
  | 'payload_mismatch'
  | 'sequence_mismatch'
  | 'count_mismatch'
  /** The pack against the checkpoint it is said to belong to. */
  | 'binding_mismatch'
  | 'signature'
  /** Warnings only. */
  | 'unknown_key'
  | 'not_comparable';

/** One thing that is wrong with a runpack, and where. */
export interface RunpackProblem {
  readonly kind: RunpackProblemKind;
  /** Name of the zip entry. */
  readonly entry?: string;
  /** 1-based line in a JSONL entry. */
  readonly line?: number;
  readonly expected?: string;
  readonly found?: string;
  /** What it means to a reader who did not write this tool. */
  readonly meaning: string;
}

/**
 * - `valid`: intact, and signed by a key that was given.
 * - `unsigned`: intact in itself, but anybody could have made it.
 * - `unchecked`: intact in itself and signed, but no key was given to check with.
 * - `invalid`: see `problems`.
 */
export type EvidenceVerdict = 'valid' | 'unsigned' | 'unchecked' | 'invalid';

export interface HashMismatch {
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
}

export interface SignatureFacts {
  readonly signature_status: SignatureStatus;
  /** Key IDs (hex SHA-256 of the public key) whose signatures verified, each once. */
  readonly signed_by: readonly string[];
  readonly signature_note: string;
  readonly signature_errors: readonly string[];
  readonly signatures_total: number;
  readonly signatures_valid: number;
}

export interface RunpackReport extends SignatureFacts {
  readonly ok: boolean;
  readonly path: string;
  readonly kind: 'runpack';
  readonly verdict: EvidenceVerdict;
  readonly run_id: string;
  /** As the manifest states it; a mismatch with its recomputation is in `hash_mismatches` under `manifest.json`. */
  readonly manifest_digest: string;
  /** Files that the manifest lists. */
  readonly files_checked: number;
  readonly missing_files: readonly string[];
  readonly hash_mismatches: readonly HashMismatch[];
  /** The first problems, at most 1,000 of them; those of the lists above are among them. */
  readonly problems: readonly RunpackProblem[];
  readonly problem_count: number;
  readonly warnings: readonly RunpackProblem[];
  readonly warning_count: number;
}

/** What a runpack must be to belong to a checkpoint. */
export interface RunpackBinding {
  readonly sessionId: string;
  /** The session's run id; the pack's own is `<run id>_cp_<index, 4 digits>`. */
  readonly runId: string;
  readonly checkpointIndex: number;
  readonly sequenceStart: number;
  readonly sequenceEnd: number;
  /** Hex. */
  readonly manifestDigest: string;
}

export interface VerifyProgress {
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface VerifyRunpackOptions {
  /** 32 bytes each; a signature by any of them counts. */
  readonly publicKeys?: readonly Buffer[];
  /** Defaults to whether keys were given: whoever brings a key does not want a stripped signature to pass (W25). */
  readonly requireSignature?: boolean;
  readonly expect?: RunpackBinding;
  /** Bytes of content read so far, of those that the entries claim to have. */
  readonly onProgress?: (done: VerifyProgress) => void;
  readonly signal?: AbortSignal;
}
