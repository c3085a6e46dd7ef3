/** One journal on its way through a verifier: every line into the log, every finding into one report. */
import { isUtf8 } from 'node:buffer';
import { isGaitError } from '../../errors.js';
import { HASH_BYTES, leafHashInto } from '../../sign/index.js';
import type { IndexSnapshot } from '../session-index.js';
import type { JournalRecord } from '../record.js';
import { readBase, readPrelude, type KeptCheckpoint, type LogBase } from '../segments/index.js';
import { SessionLog } from '../session-log.js';
import {
  finishLine,
  LineSplitter,
  MAX_READ_LINE_BYTES,
  scanNow,
  type FileSystem,
  type JournalPaths,
} from '../store/index.js';
import type { Tombstones } from '../retention-types.js';
import type { VerifyOptions, VerifyReport } from '../verify-types.js';
import { AnchorChecker, parseAnchor } from './anchor.js';
import { ArchiveChecker } from './archive.js';
import type { Demands } from './demands.js';
import { checkIndexedLoss, checkSignatures, checkTail, checkWhole } from './end-checks.js';
import { Findings } from './findings.js';
import { journalReport, unsignedEvents, type Gathered } from './journal-report.js';
import { NOT_ORDINARY, OrdinaryEvents } from '../ordinary-event.js';
import { scanInParallel, type LineTaker, type ParallelRange } from './parallel-scan.js';
import { PayloadChecker } from './payloads.js';
import { SealChecker } from './seals.js';
import { StraySegments } from './stray-segments.js';

const LF = 0x0a;

export class JournalVerifier {
  /** Offset of the first byte that no line has been made of. */
  offset = 0;
  readonly #demands: Demands;
  readonly #findings = new Findings();
  readonly #log: SessionLog;
  readonly #seals: SealChecker;
  readonly #payloads: PayloadChecker;
  readonly #anchor: AnchorChecker | undefined;
  readonly #tombstones: Tombstones | undefined;
  #ordinary: OrdinaryEvents | undefined;
  readonly #leaves = [Buffer.alloc(HASH_BYTES), Buffer.alloc(HASH_BYTES)] as const;
  #archive: ArchiveChecker | undefined;
  #isUnproven = false;
  #strays: StraySegments | undefined;
  /** Bytes of lines that were read from segments. */
  archivedBytes = 0;

  constructor(demands: Demands, { since, tombstones }: Pick<VerifyOptions, 'since' | 'tombstones'>) {
    this.#demands = demands;
    this.#tombstones = tombstones;
    this.#log = new SessionLog((problem) => this.#findings.problem(problem));
    this.#seals = new SealChecker(demands.publicKeys, this.#findings);
    this.#payloads = new PayloadChecker(this.#findings);
    if (since !== undefined) this.#anchor = new AnchorChecker(parseAnchor(since, demands.publicKeys), this.#findings);
  }

  splitter(start: number): LineSplitter {
    return new LineSplitter(
      start,
      (line, at) => this.#line(line, at),
      (sizeBytes, at) => this.#tooLong(sizeBytes, at),
      MAX_READ_LINE_BYTES,
      (bytes, from, end, at) => this.#lines(bytes, from, end, at),
    );
  }

  /** Checks what compaction moved out; afterwards `offset` is where the file goes on. */
  async checkArchive(fs: FileSystem, paths: JournalPaths, descriptor: number, onBytes: () => void): Promise<void> {
    let base: LogBase | undefined;
    try {
      base = readBase(fs, paths, descriptor);
    } catch (error) {
      if (!isGaitError(error) || error.code !== 'SEGMENT_MISSING') throw error;
      this.#standOnNothing(fs, paths, descriptor, error.message);
    }
    this.#strays = new StraySegments(fs, paths, base);
    if (base === undefined) return;
    this.#archive = new ArchiveChecker(
      {
        fs,
        paths,
        log: this.#log,
        findings: this.#findings,
        tombstones: this.#tombstones,
        take: (line, byteOffset) => this.#take(line, byteOffset),
        takeKept: (kept) => this.#takeKept(kept),
        onBytes: (bytes) => {
          this.archivedBytes += bytes;
          onBytes();
        },
      },
      base,
    );
    await this.#archive.check();
    const { seal } = base;
    this.offset = seal.byteOffset + seal.bytes.length + 1;
    this.#anchor?.afterPruned(this.#archive.prunedLines, base.kept);
  }

  /** Lines were moved out, and what the file stands on is gone: it is held to links and numbers alone. */
  #standOnNothing(fs: FileSystem, paths: JournalPaths, descriptor: number, meaning: string): void {
    const prelude = readPrelude(fs, descriptor, paths.journal);
    const last = prelude?.checkpoints.at(-1);
    if (prelude === undefined || last === undefined) return;
    this.#isUnproven = true;
    this.#findings.problem({
      kind: 'segment_missing',
      line: 1,
      byte_offset: 0,
      meaning: `${meaning}: missing (unproven)`,
    });
    this.#log.addKept(prelude.header.bytes, prelude.header.byteOffset);
    for (const kept of prelude.checkpoints) this.#takeKept(kept);
    this.#log.loseTree(last.bytes);
    this.offset = last.byteOffset + last.bytes.length + 1;
  }

  /** Takes in as many lines as can be, from where the verifier is. Nothing, when the session is not known yet. */
  async scanInParallel(
    range: Omit<ParallelRange, 'names' | 'from'>,
    onStretch: (position: number) => void,
  ): Promise<void> {
    const names = this.#log.header;
    if (names === undefined) return;
    await scanInParallel({ ...range, names, from: this.offset }, this.#taker(range), () => onStretch(this.offset));
  }

  /** Keeps `offset` up line by line: should the threads give up, the rest is read from there. */
  #taker({ fs, descriptor }: Pick<ParallelRange, 'fs' | 'descriptor'>): LineTaker {
    return {
      offset: () => this.offset,
      event: (sequence, leaves, at, sizeBytes) => {
        const leaf = this.#spareLeaf();
        for (let i = 0; i < HASH_BYTES; i += 1) leaf[i] = leaves[at + i] ?? 0;
        this.#addEvent(sequence, leaf, this.offset);
        this.offset += sizeBytes + 1;
      },
      line: (line, at) => this.#line(line, at),
      read: (to) => {
        const splitter = this.splitter(this.offset);
        scanNow(fs, descriptor, splitter, to);
        finishLine(fs, descriptor, splitter);
        if (this.offset < to) throw new RangeError('the file ends here, or a line is longer than can be read at once');
      },
    };
  }

  get lines(): number {
    return this.#log.lines;
  }

  finish(
    paths: JournalPaths,
    splitter: LineSplitter,
    totalBytes: number,
    index: IndexSnapshot | undefined,
  ): VerifyReport {
    const end = { log: this.#log, offset: this.offset };
    checkTail(end, splitter, this.#findings);
    this.#log.finish();
    checkWhole(end, this.#demands, this.#findings);
    checkIndexedLoss(end, index, this.#findings);
    this.#strays?.finish(this.#findings);
    this.#anchor?.atEnd(this.#log, this.offset);
    const gathered: Gathered = {
      log: this.#log,
      seals: this.#seals,
      payloads: this.#payloads,
      archive: this.#archive,
      isUnproven: this.#isUnproven,
      path: paths.journal,
      unterminatedBytes: totalBytes - this.offset,
    };
    checkSignatures(end, this.#seals.status, unsignedEvents(gathered), this.#demands, this.#findings);
    return journalReport(gathered, this.#findings.report());
  }

  async checkPayloads(fs: FileSystem, paths: JournalPaths, onChecked: () => void): Promise<void> {
    const sessionId = this.#log.header?.session_id ?? '';
    const isErased = (sha256: string): boolean => this.#tombstones?.payload(sessionId, sha256) === true;
    await this.#payloads.check(fs, paths, isErased, onChecked);
  }

  #line(line: Buffer, start: number): void {
    this.#take(line, start);
    this.offset = start + line.length + 1;
  }

  #lines(bytes: Buffer, from: number, end: number, start: number): void {
    const isText = isUtf8(bytes.subarray(from, end));
    for (let at = from; at < end;) {
      const lineEnd = bytes.indexOf(LF, at);
      const byteOffset = start + at - from;
      if (!isText || !this.#isTakenQuickly(bytes, at, lineEnd, byteOffset)) {
        this.#take(bytes.subarray(at, lineEnd), byteOffset);
      }
      at = lineEnd + 1;
      this.offset = start + at - from;
    }
  }

  /** Most lines are ordinary events that stand where they belong: nothing of them is needed later. */
  #isTakenQuickly(bytes: Buffer, from: number, end: number, start: number): boolean {
    const log = this.#log;
    if (log.header === undefined || log.head === undefined) return false;
    this.#ordinary ??= new OrdinaryEvents(log.header);
    const sequence = this.#ordinary.sequenceOf(bytes, from, end, log.head, 0);
    if (sequence === NOT_ORDINARY) return false;
    const leaf = this.#spareLeaf();
    leafHashInto(bytes, from, end, leaf, 0);
    this.#addEvent(sequence, leaf, start);
    return true;
  }

  /** The log keeps its last leaf, which is not needed any more when the next is known: two take turns. */
  #spareLeaf(): Buffer {
    return this.#log.head === this.#leaves[0] ? this.#leaves[1] : this.#leaves[0];
  }

  #addEvent(sequence: number, leaf: Buffer, start: number): void {
    this.#log.addCheckedEvent(sequence, leaf, start);
    this.#anchor?.afterLine(this.#log, start);
  }

  #take(line: Buffer, start: number): JournalRecord | undefined {
    const record = this.#log.add(line, start);
    this.#anchor?.afterLine(this.#log, start);
    if (record !== undefined) this.#record(record, start);
    return record;
  }

  #takeKept({ bytes, byteOffset }: KeptCheckpoint): void {
    const record = this.#log.addKept(bytes, byteOffset);
    if (record !== undefined) this.#record(record, byteOffset);
  }

  #record(record: JournalRecord, start: number): void {
    const log = this.#log;
    if (record.recordType === 'event') this.#payloads.note(record.event, log.lines, start);
    if (record.recordType !== 'checkpoint' || log.header === undefined) return;
    const { checkpoint, note, text, prev } = record;
    this.#strays?.meet(checkpoint);
    const isOurs = prev !== undefined || checkpoint.tree_size !== undefined || note !== undefined;
    this.#seals.check({ checkpoint, note, text, isOurs, line: log.lines, byteOffset: start }, log.header);
  }

  #tooLong(sizeBytes: number, start: number): void {
    this.#findings.problem({
      kind: 'line_too_long',
      line: this.lines + 1,
      byte_offset: start,
      expected: `at most ${MAX_READ_LINE_BYTES} bytes`,
      found: `${sizeBytes} bytes`,
      meaning: 'a line is longer than any writer makes it; what follows it cannot be linked to it',
    });
    this.#log.skipUnreadable(start);
    this.offset = start + sizeBytes + 1;
  }
}
