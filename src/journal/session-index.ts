/**
 * The session index: a cache of SessionState in `P.gait/index`, so that opening a journal costs the same at any size.
 *
 * Layout: SHA-256 of the rest (32 bytes), then one msgpack array. Nothing in it is believed unless the checksum holds, the
 * journal is the same file, and the line that ends where the index ends has the hash that the index names.
 */
import { Packr, Unpackr } from 'msgpackr/pack';
import { Frontier, HASH_BYTES, leafHash, sha256 } from '../sign/index.js';
import { RecentKeys, type RememberedEvent } from './recent-keys.js';
import { logFacts, type LogFacts } from './log-facts.js';
import { SessionState } from './session-state.js';
import { SparseOffsets } from './sparse-offsets.js';
import { isPackedSpans, packSpans } from './time-span.js';
import type { FileStat } from './store/index.js';
import type { Problem } from './verify-types.js';

const INDEX_FORMAT = 2;
/** No honest index is larger: 1,000 keys and 1,024 offsets with their times are about 200 KB. */
export const MAX_INDEX_BYTES: number = 4 * 1024 * 1024;

/** What an index says before it is believed. */
export interface IndexSnapshot {
  readonly ino: number;
  readonly dev: number;
  /** Bytes of the journal that are known to be on the disk: a file shorter than this has lost evidence. */
  readonly durableOffset: number;
  readonly offset: number;
  readonly lastLineBytes: number;
  readonly head: Buffer;
  readonly frontier: Frontier;
  readonly facts: LogFacts;
  readonly offsets: SparseOffsets;
  readonly recentKeys: RecentKeys;
}

type Row = readonly unknown[];

// Plain arrays and buffers only: no records, no class extensions, nothing a hostile index could make something of.
const packr = new Packr({ useRecords: false, moreTypes: false });
const unpackr = new Unpackr({ useRecords: false, moreTypes: false, mapsAsObjects: true });

export function encodeIndex(state: SessionState, file: Pick<FileStat, 'ino' | 'dev'>): Buffer {
  const { log, offsets, recentKeys } = state;
  const table = offsets.toTable();
  const body = packr.pack([
    INDEX_FORMAT,
    file.ino,
    file.dev,
    state.durableOffset,
    state.offset,
    state.lastLineBytes,
    log.head,
    log.frontier.size,
    Buffer.concat(log.frontier.hashes()),
    JSON.stringify(logFacts(log)),
    table.spacing,
    table.sequences,
    table.offsets,
    [...recentKeys.entries()].map(([key, event]) => [
      key,
      event.sequence,
      event.leafIndex,
      event.leaf,
      event.contentDigest,
    ]),
    packSpans(table.spans),
  ]);
  return Buffer.concat([sha256(body), body]);
}

/** Undefined for anything that is not a whole index of this format. */
export function decodeIndex(bytes: Buffer): IndexSnapshot | undefined {
  if (bytes.length <= HASH_BYTES || bytes.length > MAX_INDEX_BYTES) return undefined;
  const body = bytes.subarray(HASH_BYTES);
  if (!sha256(body).equals(bytes.subarray(0, HASH_BYTES))) return undefined;
  try {
    return fromRow(unpackr.unpack(body) as Row);
  } catch {
    // The checksum is no signature: a well-made checksum over nonsense is nonsense all the same.
    return undefined;
  }
}

/** Whether the line that ends at the snapshot's offset is the one it was made after. */
export function isLastLine(snapshot: IndexSnapshot, lineAndLf: Buffer): boolean {
  if (lineAndLf.length !== snapshot.lastLineBytes + 1 || lineAndLf.at(-1) !== 0x0a) return false;
  return leafHash(lineAndLf.subarray(0, -1)).equals(snapshot.head);
}

export function stateOf(snapshot: IndexSnapshot, report: (problem: Problem) => void): SessionState {
  const state = new SessionState(report, snapshot.offsets, snapshot.recentKeys);
  state.log.restore(snapshot.facts, snapshot.frontier, snapshot.head);
  state.offset = snapshot.offset;
  state.indexedOffset = snapshot.offset;
  state.durableOffset = snapshot.durableOffset;
  state.lastLineBytes = snapshot.lastLineBytes;
  return state;
}

/** Throws for whatever does not fit; the caller takes any failure for "no index". */
function fromRow(row: Row): IndexSnapshot {
  const [
    format,
    ino,
    dev,
    durableOffset,
    offset,
    lastLineBytes,
    head,
    size,
    hashes,
    facts,
    spacing,
    sequences,
    offsets,
    keys,
    spans,
  ] = row;
  if (format !== INDEX_FORMAT) throw new TypeError('unknown index format');
  return {
    ino: count(ino),
    dev: count(dev),
    durableOffset: count(durableOffset),
    offset: count(offset),
    lastLineBytes: count(lastLineBytes),
    head: hash(head),
    frontier: Frontier.restore(count(size), split(buffer(hashes))),
    facts: toFacts(JSON.parse(text(facts)) as Partial<LogFacts>),
    offsets: toOffsets(count(spacing), list(sequences).map(count), list(offsets).map(count), text(spans)),
    recentKeys: new RecentKeys(list(keys).map((entry) => toKeyEntry(list(entry)))),
  };
}

function toOffsets(
  spacing: number,
  sequences: readonly number[],
  offsets: readonly number[],
  packed: string,
): SparseOffsets {
  const isWhole = isPackedSpans(packed, sequences.length) && offsets.length === sequences.length;
  if (!isWhole) throw new TypeError('a ragged table');
  return new SparseOffsets(spacing, sequences, offsets, packed);
}

function toFacts(facts: Partial<LogFacts>): LogFacts {
  if (facts.header === undefined) throw new TypeError('an index without a header');
  return {
    header: facts.header,
    firstSequence: count(facts.firstSequence),
    lastSequence: count(facts.lastSequence),
    eventCount: count(facts.eventCount),
    checkpointCount: count(facts.checkpointCount),
    lastCheckpoint: facts.lastCheckpoint,
    unlinkedLines: count(facts.unlinkedLines),
    lines: count(facts.lines),
    lastLineOffset: count(facts.lastLineOffset),
    isClosed: facts.isClosed === true,
    archive: {
      lines: count(facts.archive?.lines),
      events: count(facts.archive?.events),
      liveOffset: count(facts.archive?.liveOffset),
    },
    lastRooted: facts.lastRooted,
  };
}

function toKeyEntry([key, sequence, leafIndex, leaf, contentDigest]: Row): readonly [string, RememberedEvent] {
  return [
    text(key),
    { sequence: count(sequence), leafIndex: count(leafIndex), leaf: hash(leaf), contentDigest: hash(contentDigest) },
  ];
}

function split(bytes: Buffer): Buffer[] {
  if (bytes.length % HASH_BYTES !== 0) throw new TypeError('hashes of odd length');
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

function count(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new TypeError('not a count');
  return value as number;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a text');
  return value;
}

function buffer(value: unknown): Buffer {
  if (!(value instanceof Uint8Array)) throw new TypeError('not bytes');
  return Buffer.from(value);
}

function hash(value: unknown): Buffer {
  const bytes = buffer(value);
  if (bytes.length !== HASH_BYTES) throw new TypeError('not a hash');
  return bytes;
}

function list(value: unknown): Row {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value as Row;
}
