/** The shapes of what a journal stores. Wire fields keep their names on disk (snake_case). */
import type { SignatureBlock } from '../sign/index.js';

/** What was decided about a tool call. */
export type Verdict = 'allow' | 'block' | 'dry_run' | 'require_approval';

export const VERDICTS: readonly Verdict[] = ['allow', 'block', 'dry_run', 'require_approval'];

/** A JSON object of the caller's own. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The fields a caller may give for an event. Everything else in the stored event is set by the journal. */
export interface EventInput {
  /** Name of the tool. The prefix `gait.` is reserved for the engine. */
  readonly tool_name: string;
  readonly verdict: Verdict;
  /** RFC 3339; defaults to the time of the append. */
  readonly created_at?: string;
  readonly intent_id?: string;
  /** Hex SHA-256, 64 digits; stored in lower case. Likewise `policy_digest`. */
  readonly intent_digest?: string;
  readonly policy_digest?: string;
  readonly policy_id?: string;
  readonly policy_version?: string;
  readonly matched_rule_ids?: readonly string[];
  readonly trace_id?: string;
  readonly trace_path?: string;
  /** Stored trimmed, without empty ones, each once, in byte order. Likewise `violations`. */
  readonly reason_codes?: readonly string[];
  readonly violations?: readonly string[];
  readonly relationship?: JsonObject;
  readonly safety_invariant_version?: string;
  readonly safety_invariant_hash?: string;
  readonly correlation_id?: string;
  readonly actor?: string;
  /** Any JSON object: arguments, results, what the caller wants to keep. */
  readonly attributes?: JsonObject;
  /** The same key again returns the first receipt and writes nothing (the last 1,000 keys of a session). */
  readonly idempotency_key?: string;
}

/** Evidence that lies in a file of its own (docs/format.md): its hash covers 32 random bytes before the content. */
export interface PayloadRef {
  /** Lower-case hex SHA-256 of salt and content. */
  readonly sha256: string;
  /** Bytes of the content. */
  readonly size: number;
  readonly media_type: string;
}

/** An event as it stands in the journal. Unknown keys of other writers are preserved. */
export interface SessionEvent extends EventInput {
  readonly payload?: PayloadRef;
  readonly schema_id: string;
  readonly schema_version: string;
  readonly created_at: string;
  readonly producer_version: string;
  readonly session_id: string;
  readonly run_id: string;
  /** 1 for the first event of the session, then one more each. */
  readonly sequence: number;
}

/** The first line of a journal. */
export interface SessionHeader {
  readonly schema_id: string;
  readonly schema_version: string;
  readonly created_at: string;
  readonly producer_version: string;
  readonly session_id: string;
  readonly run_id: string;
  readonly started_at: string;
  /** Empty: the Go tool expects the key. */
  readonly events: readonly unknown[] | null;
  /** Name of the log in signed notes; absent in journals of the Go tool. */
  readonly origin?: string;
  /** Hash construction of the log: `rfc6962-sha256`. */
  readonly log?: string;
  readonly retention_profile?: string;
}

/** A sealed range of events. */
export interface SessionCheckpoint {
  readonly schema_id: string;
  readonly schema_version: string;
  readonly created_at: string;
  readonly producer_version: string;
  readonly session_id: string;
  readonly run_id: string;
  readonly checkpoint_index: number;
  readonly sequence_start: number;
  readonly sequence_end: number;
  readonly runpack_path: string;
  readonly manifest_digest: string;
  readonly prev_checkpoint_digest?: string;
  readonly checkpoint_digest: string;
  /** Leaves before this line, their RFC 6962 root, and the leaf hash of the last of them (hex). Absent in lines of the Go tool. */
  readonly tree_size?: number;
  readonly root_hash?: string;
  readonly head?: string;
  /** Over all other fields of the checkpoint, when a key was given. */
  readonly signature?: SignatureBlock;
}
