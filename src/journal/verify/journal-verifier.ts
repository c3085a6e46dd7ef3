/** One journal on its way through a verifier: every line into the log, every finding into one report. */
import { isGaitError } from '../../errors.js';
import { isLoss } from '../journal-file.js';
import type { IndexSnapshot } from '../session-index.js';
import { isFault, parseRecord, type JournalRecord } from '../record.js';
import { judgeTail } from '../recovery.js';
import { readBase, readPrelude, type KeptCheckpoint, type LogBase } from '../segments/index.js';
import { SessionLog } from '../session-log.js';
import { LineSplitter, MAX_READ_LINE_BYTES, type FileSystem, type JournalPaths } from '../store/index.js';
import type { RetentionState, Tombstones } from '../retention-types.js';
import type { VerifyCoverage, VerifyOptions, VerifyReport } from '../verify-types.js';
import { AnchorChecker, parseAnchor } from './anchor.js';
import { ArchiveChecker } from './archive.js';
import type { Demands } from './demands.js';
import { Findings } from './findings.js';
import { scanInParallel, type LineTaker, type ParallelRange } from './parallel-scan.js';
import { PayloadChecker } from './payloads.js';
import { SealChecker } from './seals.js';
import { StraySegments } from './stray-segments.js';

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
    const taker: LineTaker = {
      event: (sequence, leaf, at, next) => {
        this.#log.addCheckedEvent(sequence, leaf, at);
        // Kept up line by line: should a worker give up, the rest is read from here.
        this.offset = next;
        this.#anchor?.afterLine(this.#log, at);
      },
      line: (line, at) => this.#line(line, at),
    };
    this.offset = await scanInParallel({ ...range, names, from: this.offset }, taker, onStretch);
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
    this.#checkTail(splitter);
    this.#log.finish();
    this.#checkWhole();
    this.#checkIndexedLoss(index);
    this.#strays?.finish(this.#findings);
    this.#anchor?.atEnd(this.#log, this.offset);
    this.#checkSignatures();
    const { header } = this.#log;
    const { ok, verdict, ...found } = this.#findings.report();
    return {
      ok,
      path: paths.journal,
      kind: 'journal',
      ...(header === undefined ? {} : { session_id: header.session_id, run_id: header.run_id }),
      verdict,
      signature_status: this.#seals.status,
      retention: this.#retention,
      signed_by: [...this.#seals.signedBy],
      coverage: this.#coverage(totalBytes),
      ...found,
    };
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

  /** Bytes after the last line feed: in flight or torn as a rule, but a whole line that does not belong here is a finding. */
  #checkTail({ rest, restBytes }: LineSplitter): void {
    if (restBytes === 0) return;
    const place = { line: this.lines + 1, byte_offset: this.offset };
    if (restBytes > MAX_READ_LINE_BYTES) {
      const sizes = { expected: `at most ${MAX_READ_LINE_BYTES} bytes`, found: `${restBytes} bytes` };
      const meaning = 'what stands behind the last line is longer than any line that a crash cuts short';
      this.#findings.problem({ ...place, ...sizes, kind: 'line_too_long', meaning });
      return;
    }
    const verdict = judgeTail({ log: this.#log, offset: this.offset }, rest);
    if (verdict.action === 'refuse') {
      this.#findings.problem(verdict.problem);
    } else if (verdict.action === 'cut' && !isFault(parseRecord(rest.subarray(0, -1)))) {
      // A crash cuts a line short; it does not put another byte in the place of the line feed.
      this.#findings.problem({
        ...place,
        kind: 'bad_json',
        meaning: `the line feed at the end of line ${place.line} was changed`,
      });
    } else {
      const state =
        verdict.action === 'complete'
          ? 'whole but lacks its line feed; the next append completes it'
          : 'incomplete: a write in flight, or one that a crash cut short; the next append moves it aside';
      this.#findings.warning({
        ...place,
        kind: 'unterminated_line',
        found: `${restBytes} bytes`,
        meaning: `the last line is ${state}`,
      });
    }
  }

  #checkWhole(): void {
    if (this.lines === 0) {
      const meaning = 'the journal is empty, or holds no whole line: it proves nothing';
      this.#findings.problem({ kind: 'empty_journal', line: 1, byte_offset: 0, meaning });
    }
    const { unlinkedLines } = this.#log;
    if (unlinkedLines === 0) return;
    this.#findings.either(this.#demands.isStrict, {
      kind: 'unlinked_line',
      line: 1,
      byte_offset: 0,
      found: `${unlinkedLines} lines`,
      meaning:
        'lines without `prev` (the Go tool writes such) are not bound to the line before them; a change of one shows only where a linked line or a checkpoint with a root follows it',
    });
  }

  #checkIndexedLoss(lost: IndexSnapshot | undefined): void {
    if (lost === undefined || !isLoss(lost, { log: this.#log, offset: this.offset })) return;
    this.#findings.problem({
      kind: 'truncated',
      line: this.lines + 1,
      byte_offset: this.offset,
      expected: `${lost.facts.lines} lines`,
      found: `${this.lines} lines`,
      meaning: 'lines that were on the disk when the index was last written are gone from the end of the journal',
    });
  }

  #checkSignatures(): void {
    const { status } = this.#seals;
    const place = { line: this.lines, byte_offset: this.offset };
    const { isSignatureRequired, isStrict } = this.#demands;
    if (status === 'missing' || status === 'skipped') {
      const meaning =
        status === 'missing'
          ? 'no checkpoint is signed: whoever can write the file could have rewritten it as a whole'
          : 'the checkpoints are signed, but no public key was given to check the signatures with';
      if (this.#log.checkpointCount > 0 || isSignatureRequired) {
        this.#findings.either(isSignatureRequired, { ...place, kind: 'signature_missing', meaning });
      }
    }
    const unsigned = this.#unsignedEvents;
    if (unsigned === 0 || status === 'failed') return;
    this.#findings.either(isStrict, {
      ...place,
      kind: 'unsigned_tail',
      found: `${unsigned} events`,
      meaning: `unsigned tail: ${unsigned} events that no verified signature covers`,
    });
  }

  get #retention(): RetentionState {
    const archive = this.#archive;
    if (this.#isUnproven || archive?.isUnproven === true || this.#payloads.isUnproven) return 'missing (unproven)';
    const isPruned = (archive?.prunedToSequence ?? 0) > 0 || this.#payloads.erased > 0;
    return isPruned ? 'pruned (proven)' : 'intact';
  }

  get #unsignedEvents(): number {
    return Math.max(this.#log.lastSequence - this.#seals.signedToSequence, 0);
  }

  #coverage(totalBytes: number): VerifyCoverage {
    const log = this.#log;
    const prunedTo = this.#archive?.prunedToSequence ?? 0;
    return {
      lines: log.lines,
      events: log.eventCount - (this.#archive?.prunedEvents ?? 0),
      checkpoints: log.checkpointCount,
      first_sequence: prunedTo === 0 ? log.firstSequence : prunedTo < log.lastSequence ? prunedTo + 1 : 0,
      last_sequence: log.lastSequence,
      tree_size: log.frontier.size,
      root_hash: log.frontier.root().toString('hex'),
      head: log.head?.toString('hex') ?? '',
      unlinked_lines: log.unlinkedLines,
      uncheckpointed_events: Math.max(log.lastSequence - (log.lastCheckpoint?.sequenceEnd ?? 0), 0),
      signed_to_sequence: this.#seals.signedToSequence,
      unsigned_events: this.#unsignedEvents,
      unterminated_bytes: totalBytes - this.offset,
      closed: log.isClosed,
      segments: this.#archive?.segmentCount ?? 0,
      pruned_to_sequence: prunedTo,
      erased_payloads: this.#payloads.erased,
    };
  }
}
