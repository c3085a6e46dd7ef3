/** What `gait doctor` says to a person: what is wrong first, each with its cure. Pure. */
import type { Check, CheckStatus, DoctorReport } from './doctor/check.js';
import type { Paint } from './paint.js';
import { clean } from './text.js';

const ORDER: readonly CheckStatus[] = ['fail', 'warn', 'pass'];

/** @param isSummary only what is not well */
export function describeDoctor(report: DoctorReport, paint: Paint, isSummary: boolean): string[] {
  const checks = isSummary
    ? report.checks.filter(({ status, fixed }) => status !== 'pass' || fixed === true)
    : report.checks;
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  return [
    paint[COLOURS[report.status]](report.summary),
    ...ORDER.flatMap((status) => checks.filter((check) => check.status === status)).flatMap((check) =>
      describeCheck(check, width, paint),
    ),
  ];
}

const COLOURS: Readonly<Record<CheckStatus, 'good' | 'doubtful' | 'bad'>> = {
  pass: 'good',
  warn: 'doubtful',
  fail: 'bad',
};

function describeCheck(
  { name, status, message, fix_command: command, fixed }: Check,
  width: number,
  paint: Paint,
): string[] {
  const word = fixed === true ? 'done' : status === 'pass' ? 'ok' : status;
  const line = `${paint[COLOURS[status]](word.padEnd(4))}  ${name.padEnd(width)}  ${clean(message)}`;
  return command === undefined || status === 'pass'
    ? [line]
    : [line, `${' '.repeat(width + 8)}${paint.strong(`→ ${command}`)}`];
}
