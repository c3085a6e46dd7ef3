/** Everything an open journal knows of its session: the log, where it ends in the file, and two bounded look-up tables. */
import { isAscii } from 'node:buffer';
import { canonicalJson, leafHash, sha256 } from '../sign/index.js';
import { comparablePayload, type EncodedEvent } from './event.js';
import { NOT_ORDINARY, OrdinaryEvents } from './ordinary-event.js';
import { RecentKeys } from './recent-keys.js';
import { SessionLog } from './session-log.js';
import { SparseOffsets } from './sparse-offsets.js';
import { placedBytes } from './staged-line.js';
import type { Receipt, SessionStatus } from './answer-types.js';
import type { SessionEvent } from './types.js';
import type { Problem } from './verify-types.js';

/** Before so many the code that looks at bytes one by one is not compiled yet, and parsing a line is quicker. */
const CAREFUL_LINES = 16;

export class SessionState {
  log: SessionLog;
  readonly offsets: SparseOffsets;
  readonly recentKeys: RecentKeys;
  /** Bytes of the file that the log has taken in; the last of them is a line feed. */
  offset = 0;
  /** Bytes of the file that are known to be on the disk. */
  durableOffset = 0;
  /** How far the index reached that the state was begun from; 0 when it was read from the journal alone. */
  indexedOffset = 0;
  /** Length of the last line, without LF: lets the index prove itself against the file. */
  lastLineBytes = 0;
  #carefulLines = 0;
  #ordinary: OrdinaryEvents | undefined;

  constructor(
    report: (problem: Problem) => void,
    offsets: SparseOffsets = new SparseOffsets(),
    recentKeys: RecentKeys = new RecentKeys(),
  ) {
    this.log = new SessionLog(report);
    this.offsets = offsets;
    this.recentKeys = recentKeys;
  }

  /** Takes in one line that starts at `byteOffset`. */
  add(line: Buffer, byteOffset: number): void {
    const isTaken = this.#carefulLines >= CAREFUL_LINES && this.#takeQuickly(line, byteOffset);
    if (!isTaken) this.#takeCarefully(line, byteOffset);
    this.#advance(byteOffset, line.length);
  }

  /** Nearly every line, once there are many. One with a key is looked at as a whole, as its content has to be remembered. */
  #takeQuickly(line: Buffer, byteOffset: number): boolean {
    const { header, head } = this.log;
    if (header === undefined || head === undefined || !isAscii(line)) return false;
    this.#ordinary ??= new OrdinaryEvents(header);
    const sequence = this.#ordinary.sequenceOf(line, 0, line.length, head, 0);
    if (sequence === NOT_ORDINARY || this.#ordinary.isKeyed) return false;
    // One with an escape is no time, read either way.
    const time = line.toString('latin1', this.#ordinary.timeFrom, this.#ordinary.timeEnd);
    this.log.addCheckedEvent(sequence, leafHash(line), byteOffset);
    this.offsets.note(sequence, byteOffset, time);
    return true;
  }

  #takeCarefully(line: Buffer, byteOffset: number): void {
    this.#carefulLines += 1;
    const record = this.log.add(line, byteOffset);
    if (record?.recordType === 'event') this.#remember(record.event, byteOffset);
    if (record?.recordType === 'checkpoint') this.offsets.noteTime(record.checkpoint.created_at);
  }

  /** Takes in the events of a commit that this process wrote, one line after the other from `start` on. */
  addOwnEvents(written: readonly OwnEvent[], start: number): void {
    let byteOffset = start;
    for (const { event, receipt, isClosing } of written) {
      const { sequence, leaf_hash: leaf, leaf_index: leafIndex } = receipt;
      const sizeBytes = placedBytes(event.line, sequence);
      this.log.addOwnEvent(sequence, leaf, isClosing, byteOffset);
      this.#advance(byteOffset, sizeBytes - 1);
      this.offsets.note(sequence, byteOffset, event.createdAt);
      const { idempotencyKey, contentDigest: digest } = event;
      if (idempotencyKey !== undefined && digest !== undefined) {
        this.recentKeys.add(idempotencyKey, digest, { sequence, leafIndex, leaf: Buffer.from(leaf, 'hex') });
      }
      byteOffset += sizeBytes;
    }
    const last = written.at(-1);
    if (last !== undefined) this.log.endCommit(last.receipt.leaf_hash);
  }

  /** Steps over a line that is too long to be read at all: what comes after it stands alone. */
  skipUnreadable(byteOffset: number, sizeBytes: number): void {
    this.log.skipUnreadable(byteOffset);
    this.#advance(byteOffset, sizeBytes);
  }

  status(journalSizeBytes: number): SessionStatus | undefined {
    const { header, head, frontier, lastCheckpoint } = this.log;
    if (header === undefined || head === undefined) return undefined;
    return {
      session_id: header.session_id,
      run_id: header.run_id,
      created_at: header.created_at,
      started_at: header.started_at,
      closed: this.log.isClosed,
      event_count: this.log.eventCount - this.log.archive.events,
      archived_events: this.log.archive.events,
      checkpoint_count: this.log.checkpointCount,
      last_sequence: this.log.lastSequence,
      last_checkpoint_sequence: lastCheckpoint?.sequenceEnd ?? 0,
      tree_size: frontier.size,
      root_hash: frontier.root().toString('hex'),
      head: head.toString('hex'),
      unlinked_lines: this.log.unlinkedLines,
      journal_size_bytes: journalSizeBytes,
      unterminated_bytes: journalSizeBytes - this.offset,
    };
  }

  #advance(byteOffset: number, lineBytes: number): void {
    this.offset = byteOffset + lineBytes + 1;
    this.lastLineBytes = lineBytes;
  }

  #remember(event: SessionEvent, byteOffset: number): void {
    this.offsets.note(event.sequence, byteOffset, event.created_at);
    const { head } = this.log;
    if (typeof event.idempotency_key !== 'string' || head === undefined) return;
    const { sequence } = event;
    const leafIndex = this.log.frontier.size - 1;
    this.recentKeys.add(event.idempotency_key, contentDigest(event), { sequence, leafIndex, leaf: head });
  }
}

export interface OwnEvent {
  readonly event: EncodedEvent;
  readonly receipt: Receipt;
  readonly isClosing: boolean;
}

/** Fields that the journal sets, or that a repeated call may set anew: they do not make an event a different one. */
const NOT_CONTENT = new Set([
  'created_at',
  'producer_version',
  'run_id',
  'schema_id',
  'schema_version',
  'sequence',
  'session_id',
]);

/** What two events with one idempotency key must share: a digest over the caller's own fields. */
export function contentDigest(event: SessionEvent): Buffer {
  const content = Object.entries(event).filter(([field]) => !NOT_CONTENT.has(field));
  const comparable = event.payload === undefined ? [] : [['payload', comparablePayload(event.payload)]];
  return sha256(canonicalJson(Object.fromEntries([...content, ...comparable])));
}
