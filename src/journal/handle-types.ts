/** The handle for appending, and what its methods are told. Options and methods are camelCase. */
import type { KeyPair } from '../sign/index.js';
import type { CheckpointResult, Durability, Receipt, SessionStatus } from './answer-types.js';
import type { CompactionPolicy, CompactionResult, CompactOptions } from './compaction-types.js';
import type { Environment, LockOptions } from './environment.js';
import type { EventInput } from './types.js';

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
