/** What is asked of a trace, and the report on it. Fields that the Go tool has too keep its names (docs/go-compatibility.md), but for `verdict`. */
import type { SignatureStatus } from '../journal/index.js';

/** What a trace has to show. */
export interface TraceDemands {
  /** 32 bytes each; a signature by any of them counts. Without one no trace is `valid`, but at best `unchecked`. */
  readonly publicKeys?: readonly Uint8Array[];
  /** Whether a trace that could not be checked for want of a key is a failure. */
  readonly requireSignature?: boolean;
}

export type TraceProblemKind =
  /** The text can be read in two ways. */
  | 'bad_json'
  /** A field is missing, or not what the format says. */
  | 'bad_field'
  | 'signature_missing'
  | 'signature_invalid'
  /** Signed, by its own account, with a key that was not given. */
  | 'unknown_key'
  /** Keys that were put in after the signing (W26). */
  | 'unsigned_keys'
  /** `trace_id` or `event_id` does not follow from the record. */
  | 'id_mismatch'
  /** Warnings only. */
  | 'respelled'
  | 'key_unnamed'
  | 'signature_unchecked';

/** One thing that is wrong with a trace, and where. */
export interface TraceProblem {
  readonly kind: TraceProblemKind;
  /** Dotted, where it is nested. */
  readonly field?: string;
  readonly expected?: string;
  readonly found?: string;
  /** What it means to a reader who did not write this tool. */
  readonly meaning: string;
}

/** What the trace says of itself; trust it as far as the verdict goes. A field that is no text is left out. */
export interface TraceFacts {
  readonly trace_id?: string;
  readonly event_id?: string;
  readonly correlation_id?: string;
  readonly tool_name?: string;
  readonly created_at?: string;
  readonly observed_at?: string;
}

export interface TraceReport extends TraceFacts {
  readonly ok: boolean;
  readonly path: string;
  readonly kind: 'trace';
  /** `unchecked`: whole in itself, but no key was given to check the signature with. */
  readonly verdict: 'valid' | 'unchecked' | 'invalid';
  /** What was decided: `verdict` in the trace itself, and in the Go tool's report. */
  readonly decision?: string;
  /** `skipped`: no key was given. As for the Go tool, a missing signature has `failed`. */
  readonly signature_status: Extract<SignatureStatus, 'verified' | 'skipped' | 'failed'>;
  /** Key ID (hex SHA-256 of the public key) of the key that the signature verified with. */
  readonly signed_by: readonly string[];
  /** Key ID that the signature names, verified or not. */
  readonly key_id?: string;
  /** The first problem, in the words of the Go tool; absent for a signature that does not verify, which it has none for. */
  readonly error?: string;
  readonly problems: readonly TraceProblem[];
  readonly problem_count: number;
  /** What is no failure, but worth knowing. */
  readonly warnings: readonly TraceProblem[];
  readonly warning_count: number;
}
