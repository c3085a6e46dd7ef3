/**
 * Checks the segments that a journal stands on: their lines as a part of the one log, what the journal file kept of them, and
 * what is written beside them. Lines that are gone are stepped over, as far as the frontier tells the tree.
 */
import type { Tombstones } from '../retention-types.js';
import { createHash } from 'node:crypto';
import { isGaitError } from '../../errors.js';
import { canonicalJson } from '../../sign/index.js';
import type { JournalRecord } from '../record.js';
import {
  blocksOf,
  eachLine,
  encodeManifest,
  isPresent,
  LEAVES_SUFFIX,
  LINES_SUFFIX,
  logBefore,
  restoreBefore,
  segmentInfo,
  segmentPath,
  SegmentTally,
  spanOf,
  type KeptCheckpoint,
  type LogBase,
  type Segment,
  type SegmentBlock,
} from '../segments/index.js';
import type { SessionLog } from '../session-log.js';
import { ALL_TIMES, joined, type TimeSpan } from '../time-span.js';
import { openRegularFile, readChunks, TurnTaker, type FileSystem, type JournalPaths } from '../store/index.js';

import type { Findings } from './findings.js';

/** What the verifier lends to the check of the segments. */
export interface ArchiveContext {
  readonly fs: FileSystem;
  readonly paths: JournalPaths;
  readonly log: SessionLog;
  readonly findings: Findings;
  readonly tombstones: Tombstones | undefined;
  /** Takes a line into the log and looks at what it says. */
  readonly take: (line: Buffer, byteOffset: number) => JournalRecord | undefined;
  /** A checkpoint of lines that are gone, as the journal file has it. */
  readonly takeKept: (kept: KeptCheckpoint) => void;
  /** Called with the bytes of each block; may throw to stop. */
  readonly onBytes: (bytes: number) => void;
}

export class ArchiveChecker {
  /** Last event of the lines that are gone. */
  prunedToSequence = 0;
  /** Lines of the log up to there, and the events among them. */
  prunedLines = 0;
  prunedEvents = 0;
  isUnproven = false;
  readonly #context: ArchiveContext;
  readonly #base: LogBase;
  readonly #turns = new TurnTaker();
  /** How many of the kept checkpoints were met in the log. */
  #met = 0;

  constructor(context: ArchiveContext, base: LogBase) {
    this.#context = context;
    this.#base = base;
  }

  get segmentCount(): number {
    return this.#base.segments.length;
  }

  async check(): Promise<void> {
    const { log } = this.#context;
    for (const segment of this.#base.segments) {
      log.segment = segment.name;
      if (segment.manifest.leaf_start !== log.lines) this.#missFront(segment);
      else if (isPresent(this.#context.fs, this.#context.paths, segment)) await this.#checkLines(segment);
      else this.#stepOverGone(segment);
      log.segment = undefined;
    }
  }

  async #checkLines(segment: Segment): Promise<void> {
    const { fs, paths, onBytes, findings } = this.#context;
    const { manifest, name } = segment;
    const reader = new SegmentReading(this.#context, segment, (kept) => this.#meet(kept, segment));
    try {
      for (const block of blocksOf(fs, segmentPath(paths, name, LINES_SUFFIX), manifest)) {
        reader.beginBlock();
        eachLine(block, (line, byteOffset) => reader.take(line, byteOffset));
        reader.endBlock(block.bytes);
        onBytes(block.bytes.length);
        await this.#turns.rest();
      }
    } catch (error) {
      if (!isGaitError(error) || !error.code.startsWith('SEGMENT_')) throw error;
      findings.problem({ kind: 'segment_damaged', ...this.#place(segment), meaning: error.message });
      this.#goOnBehind(segment);
      return;
    }
    for (const meaning of reader.mismatches()) {
      findings.problem({ kind: 'segment_damaged', ...this.#place(segment), meaning });
    }
    await this.#checkLeaves(segment);
  }

  /** The file of leaf hashes is a copy of what the lines give. */
  async #checkLeaves(segment: Segment): Promise<void> {
    const { fs, paths, findings } = this.#context;
    const path = segmentPath(paths, segment.name, LEAVES_SUFFIX);
    if (fs.lstat(path)?.kind !== 'file') {
      const meaning = 'its leaf hashes are gone; they can be made again from its lines';
      findings.warning({ kind: 'segment_damaged', ...this.#place(segment), meaning });
      return;
    }
    const { descriptor } = openRegularFile(fs, path);
    const hash = createHash('sha256');
    try {
      for await (const chunk of readChunks(fs, descriptor)) hash.update(chunk);
    } finally {
      fs.close(descriptor);
    }
    if (hash.digest('hex') === segment.manifest.leaves_sha256) return;
    const meaning = 'its file of leaf hashes is not the one that was written with it';
    findings.problem({ kind: 'segment_damaged', ...this.#place(segment), meaning });
  }

  #stepOverGone(segment: Segment): void {
    const { fs, paths, log, findings, tombstones } = this.#context;
    const { manifest } = segment;
    const seal = this.#keptOf(segment).at(-1);
    const sessionId = this.#base.prelude.header.header.session_id;
    const isProven = tombstones?.segment(sessionId, segmentInfo(fs, paths, segment, seal)) === true;
    const range = `events ${manifest.first_sequence} to ${manifest.last_sequence}`;
    const place = { ...this.#place(segment), line: log.lines + 1, sequence: manifest.last_sequence };
    if (isProven) {
      const meaning = `${range} were pruned (proven): a tombstone in the ledger names them`;
      findings.warning({ kind: 'lines_pruned', ...place, meaning });
    } else {
      this.isUnproven = true;
      const meaning = `${range} are missing (unproven): nothing says that they were pruned`;
      findings.problem({ kind: 'segment_missing', ...place, meaning });
    }
    this.#noteGone(segment);
    this.#goOnBehind(segment);
  }

  /** Segments before this one are not there at all, so that nothing tells the tree before its first line. */
  #missFront(segment: Segment): void {
    const { log, findings } = this.#context;
    this.isUnproven = true;
    findings.problem({
      kind: 'segment_missing',
      ...this.#place(segment),
      line: log.lines + 1,
      expected: `line ${log.lines + 1}`,
      found: `line ${segment.manifest.leaf_start + 1}`,
      meaning:
        'segments before this one are missing (unproven), manifests included; its own lines cannot be placed in the tree',
    });
    this.#noteGone(segment);
    this.#goOnBehind(segment);
  }

  /** Checks the checkpoints that the file kept of it, and takes up the log at the last of them. */
  #goOnBehind(segment: Segment): void {
    const { log, takeKept, take } = this.#context;
    const kept = this.#keptOf(segment);
    const last = kept.at(-1);
    log.segment = undefined;
    for (const each of kept.slice(0, -1)) takeKept(each);
    restoreBefore(log, segment, this.#base.prelude, 0);
    if (last !== undefined) take(last.bytes, last.byteOffset);
    this.#met = segment.manifest.log.checkpoints + 1;
  }

  #noteGone({ manifest }: Segment): void {
    this.prunedToSequence = manifest.last_sequence;
    this.prunedLines = manifest.leaf_end;
    this.prunedEvents = manifest.log.events;
  }

  #keptOf({ manifest }: Segment): readonly KeptCheckpoint[] {
    return this.#base.kept.slice(this.#met, manifest.log.checkpoints + 1);
  }

  /** The header, or the next checkpoint, has come by in the log: what the file kept must be the same. */
  #meet(line: Buffer, segment: Segment): void {
    const { log, findings } = this.#context;
    const { header } = this.#base.prelude;
    const kept = log.lines === 1 ? header : this.#base.kept[this.#met];
    const at = log.lines === 1 ? 1 : this.#met + 2;
    if (log.lines > 1) this.#met += 1;
    if (kept?.bytes.equals(line) === true) return;
    findings.problem({
      kind: 'segment_mismatch',
      line: log.lines,
      byte_offset: kept?.byteOffset ?? 0,
      meaning: `line ${at} of the journal file is not the line that segment ${segment.name} holds of it: one of the two was changed`,
    });
  }

  #place({ name }: Segment): { line: number; byte_offset: number; segment: string } {
    return { line: this.#context.log.lines, byte_offset: 0, segment: name };
  }
}

/** The lines of one segment on their way into the log, and its manifest made anew. */
class SegmentReading {
  readonly #context: ArchiveContext;
  readonly #segment: Segment;
  readonly #tally: SegmentTally;
  readonly #onKept: (line: Buffer) => void;
  #before: ReturnType<typeof logBefore> | undefined;
  #last: JournalRecord | undefined;
  readonly #blocks: Omit<SegmentBlock, 'gzip_bytes'>[] = [];
  #block = { leafStart: 0, sequence: 0, hasEvent: false };
  #span: TimeSpan | undefined;

  constructor(context: ArchiveContext, segment: Segment, onKept: (line: Buffer) => void) {
    this.#context = context;
    this.#segment = segment;
    this.#tally = new SegmentTally(segment.manifest.leaf_start);
    this.#onKept = onKept;
  }

  take(line: Buffer, byteOffset: number): void {
    const { log, take } = this.#context;
    if (this.#tally.leafEnd + 1 === this.#segment.manifest.leaf_end) this.#before = logBefore(log);
    this.#last = take(line, byteOffset);
    this.#tally.addLine(log.head ?? Buffer.alloc(0), this.#last);
    const span = spanOf(this.#last);
    this.#span = this.#span === undefined ? span : joined(this.#span, span);
    if (this.#last?.recordType === 'event' && !this.#block.hasEvent) {
      this.#block = { ...this.#block, sequence: this.#last.event.sequence, hasEvent: true };
    }
    if (this.#last === undefined || this.#last.recordType !== 'event') this.#onKept(line);
  }

  beginBlock(): void {
    this.#block = { leafStart: this.#tally.leafEnd, sequence: this.#tally.lastSequence, hasEvent: false };
    this.#span = undefined;
  }

  endBlock(bytes: Buffer): void {
    const { leafStart, sequence } = this.#block;
    this.#tally.addContent(bytes);
    this.#blocks.push({
      raw_bytes: bytes.length,
      leaf_start: leafStart,
      first_sequence: sequence,
      ...(this.#span ?? ALL_TIMES),
    });
  }

  /** What the manifest says that the lines do not give. */
  *mismatches(): Generator<string> {
    const { manifest } = this.#segment;
    const last = this.#last;
    if (this.#tally.leafEnd !== manifest.leaf_end || last?.recordType !== 'checkpoint' || this.#before === undefined) {
      yield 'it does not hold the lines that its name says, or does not end with a checkpoint';
      return;
    }
    // Where the compressed blocks end was proved by unpacking them.
    const blocks = this.#blocks.map((block, at) => ({ ...block, gzip_bytes: manifest.blocks[at]?.gzip_bytes ?? 0 }));
    const made = { ...this.#tally.finish(last.checkpoint, last.note, this.#before), blocks };
    if (encodeManifest(made) === encodeManifest(manifest)) return;
    for (const field of Object.keys(made) as (keyof typeof made)[]) {
      if (canonicalJson(made[field]) !== canonicalJson(manifest[field])) {
        yield `${field} of its manifest is not what its lines give`;
      }
    }
  }
}
