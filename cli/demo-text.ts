/** What the demo tells, step by step. Pure. */
import type { JournalLine, SessionStatus, VerifyReport } from '../src/index.js';
import { describeReport, describeWarnings } from './report-text.js';
import { byteSize, count, describeLine, statusLine } from './text.js';

/** Everything that happened in the demo. */
export interface DemoFacts {
  readonly journal: string;
  readonly appended: number;
  readonly elapsedMs: number;
  readonly status: SessionStatus;
  readonly sample: readonly JournalLine[];
  readonly report: VerifyReport;
  readonly tampering: Tampering;
}

/** One byte changed in a copy of the journal, and what verify said of it. */
export interface Tampering {
  /** 1-based line, and the event on it. */
  readonly line: number;
  readonly sequence: number;
  readonly byte_offset: number;
  /** The tool's name, whose first letter was changed. */
  readonly before: string;
  readonly caught: boolean;
  readonly report: VerifyReport;
}

/** Lines for the terminal. `folder` is named when it stays. */
export function describeDemo(facts: DemoFacts, ok: boolean, folder: string | undefined): string[] {
  const { appended, elapsedMs, sample, status, report, tampering } = facts;
  const size = byteSize(status.journal_size_bytes);
  return [
    'gait demo: what a coding agent did, kept as evidence',
    '',
    '1. Start a session and append what the agent really did',
    `   ${count(appended, 'tool call')} on disk in ${elapsedMs.toFixed(0)} ms (${size}), each line holding the hash of the one before:`,
    ...sample.map((line) => `   ${cut(describeLine(line))}`),
    `   … ${appended - sample.length} more`,
    '',
    '2. Where the session stands',
    `   ${statusLine('status', status)}`,
    '',
    '3. Verify it, as anybody could who has the file',
    ...[...describeReport(report), ...describeWarnings(report)].map(indented),
    '',
    `4. Now change one byte of a copy: a letter of "${tampering.before}" on line ${tampering.line}`,
    ...describeReport(tampering.report).map(indented),
    '',
    tampering.caught
      ? `The change of line ${tampering.line} was caught.`
      : `The change of line ${tampering.line} went unnoticed. It should not have.`,
    ...(ok ? ['Next: gait run session start --help'] : ['The demo did not go as promised; please report it.']),
    ...(folder === undefined ? [] : [`Kept: ${folder}`]),
  ];
}

const MAX_WIDTH = 110;

function cut(line: string): string {
  return line.length > MAX_WIDTH ? `${line.slice(0, MAX_WIDTH - 1)}…` : line;
}

function indented(line: string): string {
  return `   ${line}`;
}
