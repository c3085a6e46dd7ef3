/** Makes the manifest of a segment from its lines: when it is written, and again when it is verified. */
import { createHash, type Hash } from 'node:crypto';
import { SCHEMA_VERSION, type JournalRecord } from '../record.js';
import type { SessionLog } from '../session-log.js';
import { ALL_TIMES, secondsOf, type TimeSpan } from '../time-span.js';
import type { SessionCheckpoint } from '../types.js';
import { SEGMENT_SCHEMA_ID, type LogBefore, type SegmentManifest } from './segment.js';

const HEX_64 = /^[0-9a-f]{64}$/;
/** Leaf hashes that are hashed at a time. */
const LEAVES_AT_ONCE = 1_024;

/** Everything but the blocks, which depend on the compressor. */
export type SegmentFacts = Omit<SegmentManifest, 'blocks'>;

export class SegmentTally {
  readonly #leafStart: number;
  readonly #content: Hash = createHash('sha256');
  readonly #leaves: Hash = createHash('sha256');
  #leafBuffer: Buffer[] = [];
  readonly #payloads = new Set<string>();
  rawBytes = 0;
  lines = 0;
  firstSequence = 0;
  lastSequence = 0;
  events = 0;
  #keyedEvents = 0;

  constructor(leafStart: number) {
    this.#leafStart = leafStart;
  }

  /** Lines of the log so far. */
  get leafEnd(): number {
    return this.#leafStart + this.lines;
  }

  /** Whole lines with their LFs, in order. Kept apart from the lines themselves, as hashing many at once is cheaper. */
  addContent(bytes: Buffer): void {
    this.#content.update(bytes);
    this.rawBytes += bytes.length;
  }

  addLine(leaf: Buffer, record: JournalRecord | undefined): void {
    this.#leafBuffer.push(leaf);
    if (this.#leafBuffer.length >= LEAVES_AT_ONCE) this.#flushLeaves();
    this.lines += 1;
    if (record?.recordType !== 'event') return;
    const { sequence, payload, idempotency_key: key } = record.event;
    if (this.firstSequence === 0) this.firstSequence = sequence;
    this.lastSequence = sequence;
    this.events += 1;
    if (typeof key === 'string') this.#keyedEvents += 1;
    if (typeof payload?.sha256 === 'string' && HEX_64.test(payload.sha256)) this.#payloads.add(payload.sha256);
  }

  /** @param before the log as it was before the checkpoint that ends the segment */
  finish(checkpoint: SessionCheckpoint, note: string | undefined, before: LogBefore): SegmentFacts {
    this.#flushLeaves();
    return {
      schema_id: SEGMENT_SCHEMA_ID,
      schema_version: SCHEMA_VERSION,
      session_id: checkpoint.session_id,
      run_id: checkpoint.run_id,
      leaf_start: this.#leafStart,
      leaf_end: this.leafEnd,
      first_sequence: this.firstSequence,
      last_sequence: this.lastSequence,
      events: this.events,
      keyed_events: this.#keyedEvents,
      checkpoint_index: checkpoint.checkpoint_index,
      sealed_at: checkpoint.created_at,
      root_hash: checkpoint.root_hash ?? '',
      signed: checkpoint.signature !== undefined && note !== undefined,
      raw_bytes: this.rawBytes,
      content_sha256: this.#content.copy().digest('hex'),
      leaves_sha256: this.#leaves.copy().digest('hex'),
      payloads: [...this.#payloads].toSorted(),
      log: before,
    };
  }

  #flushLeaves(): void {
    this.#leaves.update(Buffer.concat(this.#leafBuffer));
    this.#leafBuffer = [];
  }
}

/** The second of a line; all times for one that cannot be read. */
export function spanOf(record: JournalRecord | undefined): TimeSpan {
  switch (record?.recordType) {
    case 'event':
      return secondsOf(record.event.created_at);
    case 'checkpoint':
      return secondsOf(record.checkpoint.created_at);
    case 'header':
      return secondsOf(record.header.created_at);
    case undefined:
      return ALL_TIMES;
  }
}

/** Call when the next line is the checkpoint that may end a segment. */
export function logBefore(log: SessionLog): LogBefore {
  return {
    first_sequence: log.firstSequence,
    last_sequence: log.lastSequence,
    events: log.eventCount,
    checkpoints: log.checkpointCount,
    unlinked_lines: log.unlinkedLines,
    closed: log.isClosed,
    head: log.head?.toString('hex') ?? '',
    frontier: log.frontier.hashes().map((hash) => hash.toString('hex')),
  };
}
