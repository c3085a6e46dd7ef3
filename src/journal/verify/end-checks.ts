/** What can only be judged when the last line of a journal was read: its end, its index, how far it is signed. */
import { isLoss } from '../journal-file.js';
import { isFault, parseRecord } from '../record.js';
import { judgeTail } from '../recovery.js';
import type { IndexSnapshot } from '../session-index.js';
import type { SessionState } from '../session-state.js';
import { MAX_READ_LINE_BYTES, type LineSplitter } from '../store/index.js';
import type { SignatureStatus } from '../verify-types.js';
import type { Demands } from './demands.js';
import type { Findings } from './findings.js';

/** A log, and the offset behind its last line. */
type LogEnd = Pick<SessionState, 'log' | 'offset'>;

/** Bytes after the last line feed: in flight or torn as a rule, but a whole line that does not belong here is a finding. */
export function checkTail(end: LogEnd, { rest, restBytes }: LineSplitter, findings: Findings): void {
  if (restBytes === 0) return;
  const place = { line: end.log.lines + 1, byte_offset: end.offset };
  if (restBytes > MAX_READ_LINE_BYTES) {
    const sizes = { expected: `at most ${MAX_READ_LINE_BYTES} bytes`, found: `${restBytes} bytes` };
    const meaning = 'what stands behind the last line is longer than any line that a crash cuts short';
    findings.problem({ ...place, ...sizes, kind: 'line_too_long', meaning });
    return;
  }
  const verdict = judgeTail(end, rest);
  if (verdict.action === 'refuse') {
    findings.problem(verdict.problem);
  } else if (verdict.action === 'cut' && !isFault(parseRecord(rest.subarray(0, -1)))) {
    // A crash cuts a line short; it does not put another byte in the place of the line feed.
    findings.problem({
      ...place,
      kind: 'bad_json',
      meaning: `the line feed at the end of line ${place.line} was changed`,
    });
  } else {
    const state =
      verdict.action === 'complete'
        ? 'whole but lacks its line feed; the next append completes it'
        : 'incomplete: a write in flight, or one that a crash cut short; the next append moves it aside';
    findings.warning({
      ...place,
      kind: 'unterminated_line',
      found: `${restBytes} bytes`,
      meaning: `the last line is ${state}`,
    });
  }
}

/** A journal without lines, and lines without a link. */
export function checkWhole({ log }: LogEnd, demands: Demands, findings: Findings): void {
  if (log.lines === 0) {
    const meaning = 'the journal is empty, or holds no whole line: it proves nothing';
    findings.problem({ kind: 'empty_journal', line: 1, byte_offset: 0, meaning });
  }
  if (log.unlinkedLines === 0) return;
  findings.either(demands.isStrict, {
    kind: 'unlinked_line',
    line: 1,
    byte_offset: 0,
    found: `${log.unlinkedLines} lines`,
    meaning:
      'lines without `prev` (the Go tool writes such) are not bound to the line before them; a change of one shows only where a linked line or a checkpoint with a root follows it',
  });
}

/** Lines that the index knows of, on the disk, and that the journal lacks. */
export function checkIndexedLoss(end: LogEnd, lost: IndexSnapshot | undefined, findings: Findings): void {
  if (lost === undefined || !isLoss(lost, end)) return;
  findings.problem({
    kind: 'truncated',
    line: end.log.lines + 1,
    byte_offset: end.offset,
    expected: `${lost.facts.lines} lines`,
    found: `${end.log.lines} lines`,
    meaning: 'lines that were on the disk when the index was last written are gone from the end of the journal',
  });
}

/** What the signatures leave open. @param unsigned events that no verified signature covers */
export function checkSignatures(
  { log, offset }: LogEnd,
  status: SignatureStatus,
  unsigned: number,
  { isSignatureRequired, isStrict }: Demands,
  findings: Findings,
): void {
  const place = { line: log.lines, byte_offset: offset };
  if (status === 'missing' || status === 'skipped') {
    const meaning =
      status === 'missing'
        ? 'no checkpoint is signed: whoever can write the file could have rewritten it as a whole'
        : 'the checkpoints are signed, but no public key was given to check the signatures with';
    if (log.checkpointCount > 0 || isSignatureRequired) {
      findings.either(isSignatureRequired, { ...place, kind: 'signature_missing', meaning });
    }
  }
  if (unsigned === 0 || status === 'failed') return;
  findings.either(isStrict, {
    ...place,
    kind: 'unsigned_tail',
    found: `${unsigned} events`,
    meaning: `unsigned tail: ${unsigned} events that no verified signature covers`,
  });
}
