/** Checks a whole journal and reports every problem. Takes no lock, writes nothing, streams in flat memory. */
import { indexedLoss, openJournalFile } from '../journal-file.js';
import { isFault, parseRecord, type JournalRecord } from '../record.js';
import { judgeTail } from '../recovery.js';
import { SessionLog } from '../session-log.js';
import { refuseUnknown, resolveWorld } from '../settings.js';
import {
  LineSplitter,
  MAX_READ_LINE_BYTES,
  nodeFileSystem,
  resolveJournalPaths,
  scan,
  type FileSystem,
  type JournalPaths,
} from '../store/index.js';
import type { VerifyCoverage, VerifyOptions, VerifyReport } from '../types.js';
import { AnchorChecker, parseAnchor } from './anchor.js';
import { resolveDemands, type Demands } from './demands.js';
import { Findings } from './findings.js';
import {
  canRunWorkers,
  PARALLEL_LIMITS,
  scanInParallel,
  type LineTaker,
  type ParallelLimits,
  type ParallelRange,
} from './parallel-scan.js';
import { PayloadChecker } from './payloads.js';
import { SealChecker } from './seals.js';

/**
 * @throws GaitError JOURNAL_NOT_FOUND, INVALID_PATH, INVALID_ARGUMENT, IO_ERROR, those of an unreadable `since`; the signal's
 * reason when it aborts. What is wrong with the journal is in the report, never thrown.
 */
export async function verifyJournal(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  return verifyWithin(PARALLEL_LIMITS, path, options);
}

/** The same, with other limits to what is worth sharing out; the report never depends on them. */
export async function verifyWithin(
  limits: ParallelLimits,
  path: string,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  refuseUnknown(options, ['onProgress', 'signal', 'publicKeys', 'profile', 'requireSignature', 'since']);
  const demands = resolveDemands(options);
  const { fs } = resolveWorld(options);
  const paths = resolveJournalPaths(fs, path);
  const descriptor = openJournalFile(fs, paths.journal, 'read');
  try {
    const verifier = new JournalVerifier(demands, options.since);
    const totalBytes = fs.fstat(descriptor).size;
    const onChunk = (bytes: number): void => {
      options.signal?.throwIfAborted();
      options.onProgress?.({ bytes, totalBytes, lines: verifier.lines });
    };
    const isLong = totalBytes >= limits.fromBytes && fs === nodeFileSystem && canRunWorkers();
    if (isLong) {
      await scan(fs, descriptor, verifier.splitter(0), limits.marginBytes, { signal: options.signal, onChunk });
      try {
        // The last stretch is read here, as it may end in half a line.
        const range = { path: paths.journal, to: totalBytes - limits.marginBytes, stretchBytes: limits.stretchBytes };
        await verifier.scanInParallel(range, onChunk);
      } catch {
        // A worker met what it cannot handle, or could not be started: the rest is read below. What the caller threw
        // from here, by aborting, comes again there.
      }
    }
    const splitter = verifier.splitter(verifier.offset);
    await scan(fs, descriptor, splitter, totalBytes, { signal: options.signal, onChunk });
    await verifier.checkPayloads(fs, paths, () => options.signal?.throwIfAborted());
    return verifier.finish(fs, paths, splitter, totalBytes);
  } finally {
    fs.close(descriptor);
  }
}

class JournalVerifier {
  /** Offset of the first byte that no line has been made of. */
  offset = 0;
  readonly #demands: Demands;
  readonly #findings = new Findings();
  readonly #log: SessionLog;
  readonly #seals: SealChecker;
  readonly #payloads: PayloadChecker;
  readonly #anchor: AnchorChecker | undefined;

  constructor(demands: Demands, since: string | undefined) {
    this.#demands = demands;
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

  finish(fs: FileSystem, paths: JournalPaths, splitter: LineSplitter, totalBytes: number): VerifyReport {
    this.#checkTail(splitter);
    this.#log.finish();
    this.#checkWhole();
    this.#checkIndexedLoss(fs, paths);
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
      signed_by: [...this.#seals.signedBy],
      coverage: this.#coverage(totalBytes),
      ...found,
    };
  }

  async checkPayloads(fs: FileSystem, paths: JournalPaths, onChecked: () => void): Promise<void> {
    await this.#payloads.check(fs, paths, onChecked);
  }

  #line(line: Buffer, start: number): void {
    const record = this.#log.add(line, start);
    this.offset = start + line.length + 1;
    this.#anchor?.afterLine(this.#log, start);
    if (record !== undefined) this.#record(record, start);
  }

  #record(record: JournalRecord, start: number): void {
    const log = this.#log;
    if (record.recordType === 'event') this.#payloads.note(record.event, log.lines, start);
    if (record.recordType !== 'checkpoint' || log.header === undefined) return;
    const { checkpoint, note, text, prev } = record;
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

  #checkIndexedLoss(fs: FileSystem, paths: JournalPaths): void {
    const lost = indexedLoss(fs, paths, { log: this.#log, offset: this.offset });
    if (lost === undefined) return;
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

  get #unsignedEvents(): number {
    return Math.max(this.#log.lastSequence - this.#seals.signedToSequence, 0);
  }

  #coverage(totalBytes: number): VerifyCoverage {
    const log = this.#log;
    return {
      lines: log.lines,
      events: log.eventCount,
      checkpoints: log.checkpointCount,
      first_sequence: log.firstSequence,
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
    };
  }
}
