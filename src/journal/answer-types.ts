/** What callers get back: receipts, lines, where a session stands. */
import type { GaitError } from '../errors.js';
import type { SessionCheckpoint, SessionEvent, SessionHeader } from './types.js';

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

/** One journal of a root, or why it could not be read. */
export type SessionListEntry =
  { readonly path: string; readonly status: SessionStatus } | { readonly path: string; readonly error: GaitError };
