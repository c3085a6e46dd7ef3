/**
 * What is known of a segment: a stretch at the front of a log that compaction moved out of the journal file. It is written
 * down beside the lines, and holds the frontier of the tree, so that the rest of the log can be proved without them.
 *
 * Nothing in it is believed where it matters: the checkpoint that ends the segment stays in the journal, and its root must be
 * that of the frontier; a verifier makes the whole manifest anew from the lines.
 */
import { canonicalJson, parseExactJson } from '../../sign/index.js';
import { SCHEMA_VERSION } from '../record.js';
import { SECOND_LENGTH } from '../time-span.js';

export const SEGMENT_SCHEMA_ID = 'gait.journal.segment';

/** Where a block of the compressed file ends, and what it begins with. Each block is a gzip member of whole lines. */
export interface SegmentBlock {
  readonly gzip_bytes: number;
  readonly raw_bytes: number;
  /** Place of its first line in the log. */
  readonly leaf_start: number;
  /** Of its first event; when it has none, of the event before. */
  readonly first_sequence: number;
  /** First and last second of its lines, so that a question of time can leave it out. */
  readonly earliest: string;
  readonly latest: string;
}

/** The whole log up to the checkpoint that ends the segment, that checkpoint not included. */
export interface LogBefore {
  readonly first_sequence: number;
  readonly last_sequence: number;
  readonly events: number;
  readonly checkpoints: number;
  readonly unlinked_lines: number;
  readonly closed: boolean;
  /** Leaf hash of the last line. */
  readonly head: string;
  /** Subtree roots, largest subtree first (hex). */
  readonly frontier: readonly string[];
}

export interface SegmentManifest {
  readonly schema_id: string;
  readonly schema_version: string;
  readonly session_id: string;
  readonly run_id: string;
  /** Its lines are those of the log from `leaf_start` up to, not including, `leaf_end`. The last is a checkpoint. */
  readonly leaf_start: number;
  readonly leaf_end: number;
  /** Events of the segment; 0 when it has none. */
  readonly first_sequence: number;
  readonly last_sequence: number;
  readonly events: number;
  /** Events with an idempotency key. */
  readonly keyed_events: number;
  readonly checkpoint_index: number;
  /** Time of that checkpoint, the root it seals (hex), and whether it carries a signature. */
  readonly sealed_at: string;
  readonly root_hash: string;
  readonly signed: boolean;
  /** Of the lines, line feeds included. */
  readonly raw_bytes: number;
  readonly content_sha256: string;
  /** Of the leaf hashes, one after the other. */
  readonly leaves_sha256: string;
  readonly blocks: readonly SegmentBlock[];
  /** Hashes of the payloads that its events name. */
  readonly payloads: readonly string[];
  readonly log: LogBefore;
}

/** Sixteen digits hold every place in a log (up to 2^53), and names then sort as the log does. */
const NAME = /^(\d{16})-(\d{16})$/;
const HEX_64 = /^[0-9a-f]{64}$/;

export function segmentName({
  leaf_start: start,
  leaf_end: end,
}: Pick<SegmentManifest, 'leaf_start' | 'leaf_end'>): string {
  const digits = (leaf: number): string => String(leaf).padStart(16, '0');
  return `${digits(start)}-${digits(end)}`;
}

/** Undefined for what is no name of a segment. */
export function parseSegmentName(name: string): { readonly leafStart: number; readonly leafEnd: number } | undefined {
  const [, start, end] = NAME.exec(name) ?? [];
  if (start === undefined || end === undefined || Number(end) <= Number(start)) return undefined;
  return { leafStart: Number(start), leafEnd: Number(end) };
}

export function encodeManifest(manifest: SegmentManifest): string {
  return `${canonicalJson(manifest)}\n`;
}

/** Undefined for anything that is not a manifest of ours, in its one form, for a segment of this name. */
export function decodeManifest(text: string, name: string): SegmentManifest | undefined {
  try {
    const value = parseExactJson(text.trimEnd()) as Partial<SegmentManifest>;
    return isManifest(value) && encodeManifest(value) === text && segmentName(value) === name ? value : undefined;
  } catch {
    // No JSON, or JSON that can be read in two ways.
    return undefined;
  }
}

function isManifest(value: Partial<SegmentManifest>): value is SegmentManifest {
  const counts = [value.leaf_start, value.leaf_end, value.first_sequence, value.last_sequence, value.events];
  const more = [value.keyed_events, value.checkpoint_index, value.raw_bytes];
  const hashes = [value.content_sha256, value.leaves_sha256, value.root_hash];
  const texts = [value.session_id, value.run_id, value.sealed_at];
  return (
    value.schema_id === SEGMENT_SCHEMA_ID &&
    value.schema_version === SCHEMA_VERSION &&
    [...counts, ...more].every(isCount) &&
    hashes.every(isHash) &&
    texts.every((text) => typeof text === 'string') &&
    typeof value.signed === 'boolean' &&
    isListOf(value.blocks, isBlock) &&
    isListOf(value.payloads, isHash) &&
    isLogBefore(value.log) &&
    // One subtree for each one bit of the leaf count, the checkpoint at the end not counted.
    value.log.frontier.length === oneBits((value.leaf_end ?? 1) - 1)
  );
}

function isBlock(value: unknown): value is SegmentBlock {
  const block = (value ?? {}) as Partial<SegmentBlock>;
  const counts = [block.gzip_bytes, block.raw_bytes, block.leaf_start, block.first_sequence];
  return counts.every(isCount) && [block.earliest, block.latest].every(isSecond);
}

function isLogBefore(value: unknown): value is LogBefore {
  const log = (value ?? {}) as Partial<LogBefore>;
  const counts = [log.first_sequence, log.last_sequence, log.events, log.checkpoints, log.unlinked_lines];
  return counts.every(isCount) && typeof log.closed === 'boolean' && isHash(log.head) && isListOf(log.frontier, isHash);
}

function isListOf<T>(value: unknown, isGood: (entry: unknown) => entry is T): value is readonly T[] {
  return Array.isArray(value) && value.every((entry) => isGood(entry));
}

function isSecond(value: unknown): boolean {
  return typeof value === 'string' && value.length === SECOND_LENGTH;
}

function oneBits(count: number): number {
  return count.toString(2).replaceAll('0', '').length;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && HEX_64.test(value);
}
