/** Checks a whole journal and reports every problem. Takes no lock, writes nothing, streams in flat memory. */
import { isGaitError } from '../errors.js';
import { EMPTY_ROOT, parseExactJson } from '../sign/index.js';
import { indexedLoss, openJournalFile } from './journal-file.js';
import { judgeTail } from './recovery.js';
import { SessionState } from './session-state.js';
import { refuseUnknown, resolveWorld } from './settings.js';
import { LineSplitter, MAX_READ_LINE_BYTES, resolveJournalPaths, scan } from './store/index.js';
import type { Problem, VerifyCoverage, VerifyOptions, VerifyReport } from './types.js';

/** How many problems, and how many warnings, a report spells out; all are counted. */
export const MAX_REPORTED = 1_000;

/**
 * @throws GaitError JOURNAL_NOT_FOUND, INVALID_PATH, INVALID_ARGUMENT, IO_ERROR; the signal's reason when it aborts. What is
 * wrong with the journal is in the report, never thrown.
 */
export async function verify(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  refuseUnknown(options, ['onProgress', 'signal']);
  const { fs } = resolveWorld(options);
  const paths = resolveJournalPaths(fs, path);
  const descriptor = openJournalFile(fs, paths.journal, 'read');
  try {
    const findings = new Findings();
    const state = new SessionState((problem) => findings.problem(problem));
    const totalBytes = fs.fstat(descriptor).size;
    const splitter = lineChecker(state, findings);
    await scan(fs, descriptor, splitter, totalBytes, {
      signal: options.signal,
      onChunk: (bytes) => options.onProgress?.({ bytes, totalBytes, lines: state.log.lines }),
    });
    checkTail(state, splitter, findings);
    state.log.finish();
    checkWhole(state, totalBytes, findings);
    const lost = indexedLoss(fs, paths, state);
    if (lost !== undefined) {
      findings.problem({
        kind: 'truncated',
        line: state.log.lines + 1,
        byte_offset: state.offset,
        expected: `${lost.facts.lines} lines`,
        found: `${state.log.lines} lines`,
        meaning: 'lines that were on the disk when the index was last written are gone from the end of the journal',
      });
    }
    return findings.report(paths.journal, state, totalBytes);
  } finally {
    fs.close(descriptor);
  }
}

function lineChecker(state: SessionState, findings: Findings): LineSplitter {
  return new LineSplitter(
    0,
    (line, start) => {
      const record = state.add(line, start);
      if (record === undefined) return;
      // Readers of other make take the first of two equal keys, or round a number otherwise: our lines hold none of these.
      const changed = record.prev === undefined ? undefined : whyNotExact(record.text);
      if (changed !== undefined) {
        findings.problem({
          kind: 'bad_json',
          line: state.log.lines,
          byte_offset: start,
          meaning: `line ${state.log.lines} ${changed}`,
        });
      }
    },
    (sizeBytes, start) => {
      findings.problem({
        kind: 'line_too_long',
        line: state.log.lines + 1,
        byte_offset: start,
        expected: `at most ${MAX_READ_LINE_BYTES} bytes`,
        found: `${sizeBytes} bytes`,
        meaning: 'a line is longer than any writer makes it; what follows it cannot be linked to it',
      });
      state.skipUnreadable(start, sizeBytes);
    },
  );
}

function whyNotExact(text: string): string | undefined {
  try {
    parseExactJson(text);
    return undefined;
  } catch (error) {
    if (isGaitError(error)) return `can be read in two ways: ${error.message}`;
    throw error;
  }
}

/** Bytes after the last line feed: in flight or torn as a rule, but a whole line that does not belong here is a finding. */
function checkTail(state: SessionState, splitter: LineSplitter, findings: Findings): void {
  const { rest, restBytes } = splitter;
  if (restBytes === 0) return;
  const verdict = judgeTail(state, rest);
  if (verdict.action === 'refuse') {
    findings.problem(verdict.problem);
    return;
  }
  findings.warning({
    kind: 'unterminated_line',
    line: state.log.lines + 1,
    byte_offset: state.offset,
    found: `${restBytes} bytes`,
    meaning:
      verdict.action === 'complete'
        ? 'the last line is whole but lacks its line feed; the next append completes it'
        : 'the last line is incomplete: a write in flight, or one that a crash cut short; the next append moves it aside',
  });
}

function checkWhole(state: SessionState, totalBytes: number, findings: Findings): void {
  const { log } = state;
  if (totalBytes === 0) {
    findings.problem({
      kind: 'empty_journal',
      line: 1,
      byte_offset: 0,
      meaning: 'the journal is empty: it proves nothing',
    });
  }
  if (log.unlinkedLines > 0) {
    findings.warning({
      kind: 'unlinked_line',
      line: 1,
      byte_offset: 0,
      found: `${log.unlinkedLines} lines`,
      meaning:
        'lines without `prev` (the Go tool writes such) are not bound to the line before them; a change of one shows only where a linked line follows it',
    });
  }
}

/** Collects what is found, in bounded memory. */
class Findings {
  readonly #problems: Problem[] = [];
  readonly #warnings: Problem[] = [];
  #problemCount = 0;
  #warningCount = 0;

  problem(problem: Problem): void {
    this.#problemCount += 1;
    if (this.#problems.length < MAX_REPORTED) this.#problems.push(problem);
  }

  warning(warning: Problem): void {
    this.#warningCount += 1;
    if (this.#warnings.length < MAX_REPORTED) this.#warnings.push(warning);
  }

  report(path: string, state: SessionState, totalBytes: number): VerifyReport {
    const { header } = state.log;
    const ok = this.#problemCount === 0;
    return {
      ok,
      path,
      kind: 'journal',
      ...(header === undefined ? {} : { session_id: header.session_id, run_id: header.run_id }),
      verdict: ok ? 'valid' : 'invalid',
      coverage: coverageOf(state, totalBytes),
      // A broken link is known one line late: give them in the order of the file.
      problems: this.#problems.toSorted((a, b) => a.line - b.line),
      problem_count: this.#problemCount,
      warnings: this.#warnings,
      warning_count: this.#warningCount,
    };
  }
}

function coverageOf(state: SessionState, totalBytes: number): VerifyCoverage {
  const { log } = state;
  const uncheckpointed = log.lastSequence - (log.lastCheckpoint?.sequenceEnd ?? 0);
  return {
    lines: log.lines,
    events: log.eventCount,
    checkpoints: log.checkpointCount,
    first_sequence: log.firstSequence,
    last_sequence: log.lastSequence,
    tree_size: log.frontier.size,
    root_hash: (log.frontier.size === 0 ? EMPTY_ROOT : log.frontier.root()).toString('hex'),
    head: log.head?.toString('hex') ?? '',
    unlinked_lines: log.unlinkedLines,
    uncheckpointed_events: Math.max(uncheckpointed, 0),
    unsigned_events: log.eventCount,
    unterminated_bytes: totalBytes - state.offset,
  };
}
