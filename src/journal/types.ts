/**
 * The shapes that callers see. Wire fields keep their names on disk (snake_case); options and methods are camelCase.
 */
import type { GaitError } from '../errors.js';
import type { KeyPair, SignatureBlock } from '../sign/index.js';
import type { CompactionPolicy, CompactionResult, CompactOptions } from './compaction-types.js';
import type { FileSystem } from './store/index.js';

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

/** How far an append had gone when its receipt was given. */
export type Durability = 'durable' | 'buffered';

/** Proof of acceptance: with it alone, a later truncation or rewrite of the journal can be shown. */
export interface Receipt {
  readonly session_id: string;
  readonly sequence: number;
  /** 0-based position of the line in the session's log (the header is leaf 0). */
  readonly leaf_index: number;
  /** Lower-case hex of SHA-256(0x00 || line). */
  readonly leaf_hash: string;
  readonly durability: Durability;
}

/** Where a session stands. */
export interface SessionStatus {
  readonly session_id: string;
  readonly run_id: string;
  readonly created_at: string;
  readonly started_at: string;
  /** True once the session was closed: nothing more can be appended. */
  readonly closed: boolean;
  /** Events present in the journal file, without those that compaction moved out. */
  readonly event_count: number;
  /** Events that compaction moved out of the journal file. */
  readonly archived_events: number;
  readonly checkpoint_count: number;
  readonly last_sequence: number;
  /** Sequence of the last event that a checkpoint covers; 0 when there is none. */
  readonly last_checkpoint_sequence: number;
  /** Lines of the log, header included. */
  readonly tree_size: number;
  /** RFC 6962 root over those lines, lower-case hex. */
  readonly root_hash: string;
  /** Leaf hash of the last line, lower-case hex. */
  readonly head: string;
  /** Lines without `prev` (written by the Go tool) beside the first. */
  readonly unlinked_lines: number;
  readonly journal_size_bytes: number;
  /** Bytes after the last line feed: a write in flight, or a torn tail that the next append will recover. */
  readonly unterminated_bytes: number;
}

/** One line of a journal, as a reader sees it. */
export type JournalLine = JournalLineBase &
  (
    | { readonly recordType: 'header'; readonly header: SessionHeader }
    | { readonly recordType: 'event'; readonly event: SessionEvent }
    | { readonly recordType: 'checkpoint'; readonly checkpoint: SessionCheckpoint; readonly note?: string }
  );

export interface JournalLineBase {
  /** The line's bytes as text, without the line feed. */
  readonly text: string;
  /** Leaf hash of the line before, lower-case hex; absent on the first line and on lines of the Go tool. */
  readonly prev?: string;
  /** Offset of the line's first byte in the journal file, or in the lines of the segment. */
  readonly byteOffset: number;
  /** Name of the segment that the line was read from; absent for the journal file. */
  readonly segment?: string;
}

/** Which locks a writer takes. `both` unless there is a reason: see docs/architecture.md. */
export type LockLayers = 'both' | 'kernel' | 'directory';

/** Environment of the engine, replaced in tests. */
export interface Environment {
  readonly fileSystem?: FileSystem;
  /** Milliseconds since 1970; whole or fractional. */
  readonly clock?: () => number;
  readonly randomBytes?: (size: number) => Uint8Array;
  /** Where the `GAIT_SESSION_LOCK_*` variables are looked up; `process.env` by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How locks are waited for. Defaults come from the environment variables, then from the `standard` profile. */
export interface LockOptions {
  /** How long a writer waits for others before LOCK_TIMEOUT. */
  readonly lockTimeoutMs?: number;
  /** Pause between two attempts where the kernel cannot wake the waiter. */
  readonly lockRetryMs?: number;
  /** Age at which a lock of the Go tool, or the lock directory of another host, counts as abandoned. */
  readonly lockStaleAfterMs?: number;
  readonly lockLayers?: LockLayers;
}

/** Automatic sealing. */
export interface SealPolicy {
  /** Seal when this many events are not sealed yet. */
  readonly everyEvents?: number;
  /** Seal when the oldest event that is not sealed has waited this long. */
  readonly everyMs?: number;
  /** Seal what is left when the handle is closed. */
  readonly onClose?: boolean;
  readonly key?: KeyPair;
}

export interface CheckpointOptions {
  /** Signs the checkpoint (a signature block and a C2SP note) and the runpack. */
  readonly key?: KeyPair;
  /** Also write the newly sealed events to a runpack at this path, where nothing may be yet, and the chain. */
  readonly out?: string;
  /** A second place for the chain. */
  readonly chainOut?: string;
  /** Also write the note to a file of its own. */
  readonly noteOut?: string;
  /** Carry the payloads of the sealed events in the runpack. */
  readonly withPayloads?: boolean;
}

/** What a checkpoint wrote. */
export interface CheckpointResult {
  readonly checkpoint: SessionCheckpoint;
  /** C2SP signed note over the tree head, when a key was given. */
  readonly note?: string;
  /** Place of the checkpoint's own line in the log. */
  readonly leaf_index: number;
  readonly leaf_hash: string;
  /** The chain beside the journal, when it was written. */
  readonly chain_path?: string;
}

export interface OpenOptions extends LockOptions, Environment {
  readonly seal?: SealPolicy;
  readonly compactOver?: CompactionPolicy;
  /** `shared`: lock per commit. `exclusive`: lock held until close, for a single writer. */
  readonly lock?: 'shared' | 'exclusive';
  readonly durability?: Durability;
  readonly producerVersion?: string;
}

export interface StartOptions extends LockOptions, Environment {
  readonly producerVersion?: string;
  readonly retentionProfile?: string;
}

/** Content of a payload: bytes, a stream of bytes, or a file. */
export type PayloadInput = (
  { readonly content: Uint8Array | AsyncIterable<Uint8Array> } | { readonly path: string }
) & {
  /** `application/octet-stream` by default. */
  readonly mediaType?: string;
};

/** A file that is there if and only if the event that names it is: the trace of a decision. */
export interface CompanionFile {
  /** Where nothing may be yet. Missing folders are made. */
  readonly path: string;
  readonly content: Uint8Array;
}

export interface AppendOptions {
  /** For a single event: evidence that is too large for a line, or that may have to be erased one day. */
  readonly payload?: PayloadInput;
  /**
   * For a single event without a payload: a file to write with it, both durable or neither, whatever crashes in between. A
   * repeat of an idempotency key writes none.
   */
  readonly companion?: CompanionFile;
  /** The session's `last_sequence` as the caller knows it: SEQUENCE_CONFLICT, and nothing written, if it has moved on. */
  readonly expectedSequence?: number;
}

/** A handle for appending. */
export interface Journal {
  /** Path after the one resolution of links at open. */
  readonly path: string;
  append(event: EventInput, options?: AppendOptions): Promise<Receipt>;
  /** All events in one commit: either every one is kept or none. */
  appendAll(events: readonly EventInput[], options?: AppendOptions): Promise<Receipt[]>;
  status(): Promise<SessionStatus>;
  /** Seals every event so far. Costs the same at any size. NOTHING_TO_SEAL when all events are sealed. */
  checkpoint(options?: CheckpointOptions): Promise<CheckpointResult>;
  /** Writes the chain anew from the journal's checkpoints; returns its path. */
  rebuildChain(chainOut?: string): Promise<string>;
  /** Ends the session for good: a closing event, then a checkpoint. Later appends are SESSION_CLOSED. */
  complete(options?: CheckpointOptions): Promise<CheckpointResult>;
  /**
   * Moves sealed lines out of the journal file into a segment; root, range and verdict stay what they were. Appends go on
   * meanwhile.
   */
  compact(options?: CompactOptions): Promise<CompactionResult>;
  /** Finishes what is under way, syncs, writes the index, releases the locks. Calling it again does nothing. */
  close(): Promise<void>;
}

export interface ReadOptions extends Environment {
  /** First and last event sequence to yield; other lines are yielded by their place among them. */
  readonly fromSequence?: number;
  readonly toSequence?: number;
  /** Go on waiting for new lines, across compaction of the file, until `signal` aborts. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** How often a follower looks for new lines. */
  readonly pollIntervalMs?: number;
}

/** One journal of a root, or why it could not be read. */
export type SessionListEntry =
  { readonly path: string; readonly status: SessionStatus } | { readonly path: string; readonly error: GaitError };
