/** Checks a whole journal and reports every problem. Takes no lock, writes nothing, streams in flat memory. */
import { GaitError } from '../../errors.js';
import { indexedLoss, openJournalFile } from '../journal-file.js';
import { isFault, parseRecord, type JournalRecord } from '../record.js';
import { judgeTail } from '../recovery.js';
import { SessionState } from '../session-state.js';
import { refuseUnknown, resolveWorld } from '../settings.js';
import {
  LineSplitter,
  MAX_READ_LINE_BYTES,
  resolveJournalPaths,
  scan,
  type FileSystem,
  type JournalPaths,
} from '../store/index.js';
import type { VerifyCoverage, VerifyOptions, VerifyReport } from '../types.js';
import { AnchorChecker, parseAnchor } from './anchor.js';
import { Findings } from './findings.js';
import { SealChecker } from './seals.js';

/** The options of verify that concern what is demanded, complete. */
interface Demands {
  readonly publicKeys: readonly Buffer[];
  readonly isStrict: boolean;
  readonly isSignatureRequired: boolean;
}

/**
 * @throws GaitError JOURNAL_NOT_FOUND, INVALID_PATH, INVALID_ARGUMENT, IO_ERROR, those of an unreadable `since`; the signal's
 * reason when it aborts. What is wrong with the journal is in the report, never thrown.
 */
export async function verifyJournal(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  refuseUnknown(options, ['onProgress', 'signal', 'publicKeys', 'profile', 'requireSignature', 'since']);
  const demands = resolveDemands(options);
  const { fs } = resolveWorld(options);
  const paths = resolveJournalPaths(fs, path);
  const descriptor = openJournalFile(fs, paths.journal, 'read');
  try {
    const verifier = new JournalVerifier(demands, options.since);
    const totalBytes = fs.fstat(descriptor).size;
    await scan(fs, descriptor, verifier.splitter, totalBytes, {
      signal: options.signal,
      onChunk: (bytes) => options.onProgress?.({ bytes, totalBytes, lines: verifier.lines }),
    });
    return verifier.finish(fs, paths, totalBytes);
  } finally {
    fs.close(descriptor);
  }
}

function resolveDemands(options: VerifyOptions): Demands {
  const isStrict = options.profile === 'strict';
  const publicKeys = (options.publicKeys ?? []).map((key) => Buffer.from(key));
  if (options.profile !== undefined && options.profile !== 'standard' && !isStrict) {
    throw new GaitError('INVALID_ARGUMENT', 'profile must be standard or strict', {
      details: { found: options.profile },
    });
  }
  if (isStrict && publicKeys.length === 0) {
    throw new GaitError(
      'INVALID_ARGUMENT',
      'the strict profile needs a public key: without one no signature can be checked',
    );
  }
  return { publicKeys, isStrict, isSignatureRequired: isStrict || options.requireSignature === true };
}

class JournalVerifier {
  readonly splitter: LineSplitter;
  readonly #demands: Demands;
  readonly #findings = new Findings();
  readonly #state: SessionState;
  readonly #seals: SealChecker;
  readonly #anchor: AnchorChecker | undefined;

  constructor(demands: Demands, since: string | undefined) {
    this.#demands = demands;
    this.#state = new SessionState((problem) => this.#findings.problem(problem));
    this.#seals = new SealChecker(demands.publicKeys, this.#findings);
    if (since !== undefined) this.#anchor = new AnchorChecker(parseAnchor(since, demands.publicKeys), this.#findings);
    this.splitter = new LineSplitter(
      0,
      (line, start) => this.#line(line, start),
      (sizeBytes, start) => this.#tooLong(sizeBytes, start),
    );
  }

  get lines(): number {
    return this.#state.log.lines;
  }

  finish(fs: FileSystem, paths: JournalPaths, totalBytes: number): VerifyReport {
    this.#checkTail();
    this.#state.log.finish();
    this.#checkWhole(totalBytes);
    this.#checkIndexedLoss(fs, paths);
    this.#anchor?.atEnd(this.#state.log, this.#state.offset);
    this.#checkSignatures();
    const { header } = this.#state.log;
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

  #line(line: Buffer, start: number): void {
    const record = this.#state.add(line, start);
    this.#anchor?.afterLine(this.#state.log, start);
    if (record !== undefined) this.#record(record, start);
  }

  #record(record: JournalRecord, start: number): void {
    const { log } = this.#state;
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
    this.#state.skipUnreadable(start, sizeBytes);
  }

  /** Bytes after the last line feed: in flight or torn as a rule, but a whole line that does not belong here is a finding. */
  #checkTail(): void {
    const { rest, restBytes } = this.splitter;
    if (restBytes === 0) return;
    const place = { line: this.lines + 1, byte_offset: this.#state.offset };
    const verdict = judgeTail(this.#state, rest);
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

  #checkWhole(totalBytes: number): void {
    if (totalBytes === 0) {
      const meaning = 'the journal is empty: it proves nothing';
      this.#findings.problem({ kind: 'empty_journal', line: 1, byte_offset: 0, meaning });
    }
    const { unlinkedLines } = this.#state.log;
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
    const lost = indexedLoss(fs, paths, this.#state);
    if (lost === undefined) return;
    this.#findings.problem({
      kind: 'truncated',
      line: this.lines + 1,
      byte_offset: this.#state.offset,
      expected: `${lost.facts.lines} lines`,
      found: `${this.lines} lines`,
      meaning: 'lines that were on the disk when the index was last written are gone from the end of the journal',
    });
  }

  #checkSignatures(): void {
    const { status } = this.#seals;
    const place = { line: this.lines, byte_offset: this.#state.offset };
    const { isSignatureRequired, isStrict } = this.#demands;
    if (status === 'missing' || status === 'skipped') {
      const meaning =
        status === 'missing'
          ? 'no checkpoint is signed: whoever can write the file could have rewritten it as a whole'
          : 'the checkpoints are signed, but no public key was given to check the signatures with';
      if (this.#state.log.checkpointCount > 0 || isSignatureRequired) {
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
    return Math.max(this.#state.log.lastSequence - this.#seals.signedToSequence, 0);
  }

  #coverage(totalBytes: number): VerifyCoverage {
    const { log } = this.#state;
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
      unterminated_bytes: totalBytes - this.#state.offset,
      closed: log.isClosed,
    };
  }
}
