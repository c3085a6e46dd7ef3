/** What the demo tells, step by step. Pure. */
import type { JournalLine, RootPlan, SessionStatus, VerifyReport } from '../src/index.js';
import type { Paint } from './paint.js';
import { describeReport, describeWarnings } from './report-text.js';
import { byteSize, clean, count, describeLine, statusLine } from './text.js';

/** Everything that happened in the demo. */
export interface DemoFacts {
  readonly journal: string;
  readonly keyId: string;
  readonly appended: number;
  readonly elapsedMs: number;
  /** Before the session was closed. */
  readonly status: SessionStatus;
  readonly sample: readonly JournalLine[];
  readonly report: VerifyReport;
  readonly proven: Proven;
  readonly tampering: Tampering;
  /** Of a prune some time from now. */
  readonly plan: RootPlan;
}

/** The proof of one event, and whether it held. */
export interface Proven {
  readonly sequence: number;
  readonly path: string;
  readonly size_bytes: number;
  readonly ok: boolean;
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

export function isAsPromised({ appended, status, report, proven, tampering, plan }: DemoFacts): boolean {
  const isKept = appended > 0 && status.event_count === appended;
  const isSigned = report.ok && report.signature_status === 'verified' && report.coverage.unsigned_events === 0;
  return isKept && isSigned && proven.ok && tampering.caught && plan.delete_count > 0;
}

/** Lines for the terminal. `folder` is named when it stays. */
export function describeDemo(facts: DemoFacts, ok: boolean, folder: string | undefined, paint: Paint): string[] {
  const { appended, elapsedMs, sample, status, report, proven, tampering, plan } = facts;
  const size = byteSize(status.journal_size_bytes);
  const verdict = ({ ok: isValid }: VerifyReport, lines: readonly string[]): string[] =>
    lines.map((line, at) => indented(at === 0 ? paint[isValid ? 'good' : 'bad'](line) : line));
  return [
    paint.strong('gait demo: what a coding agent did, kept as evidence'),
    '',
    paint.strong('1. Start a session and append what the agent really did'),
    `   ${count(appended, 'tool call')} on disk in ${elapsedMs.toFixed(0)} ms (${size}), each line holding the hash of the one before:`,
    ...sample.map((line) => `   ${cut(describeLine(line))}`),
    `   … ${appended - sample.length} more`,
    '',
    paint.strong('2. Close it, sealed and signed with a key made for the occasion'),
    `   ${statusLine('status', status)}`,
    '',
    paint.strong('3. Verify it, as anybody could who has the file and the public key'),
    ...verdict(report, [...describeReport(report), ...describeWarnings(report)]),
    '',
    paint.strong('4. Prove one event to somebody who may not see the others'),
    `   ${byteSize(proven.size_bytes)} prove that event ${proven.sequence} is in the signed log: ${paint[proven.ok ? 'good' : 'bad'](proven.ok ? 'verified' : 'refused')}`,
    '',
    paint.strong(`5. Now change one byte of a copy: a letter of "${tampering.before}" on line ${tampering.line}`),
    ...verdict(tampering.report, describeReport(tampering.report)),
    '',
    paint.strong('6. Ask what a prune would do in 30 days, with the profile "short" in force'),
    ...plan.items.map(({ id, action, size_bytes: bytes }) => `   would ${action} ${clean(id)} (${byteSize(bytes)})`),
    `   nothing was changed; gait prune --plan ${plan.plan_digest.slice(0, 12)}… would do just this, or refuse`,
    '',
    tampering.caught
      ? paint.good(`The change of line ${tampering.line} was caught.`)
      : paint.bad(`The change of line ${tampering.line} went unnoticed. It should not have.`),
    ...(ok ? ['Next: gait init'] : ['The demo did not go as promised; please report it.']),
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
