/** A verify report for people: the verdict first, then what it covers, then every problem. Pure. */
import type { Problem, VerifyReport } from '../src/index.js';
import { clean, count, pairs } from './text.js';

export function describeReport(report: VerifyReport): string[] {
  const path = clean(report.path);
  const problems = report.problem_count;
  return [
    report.ok ? `verify ok: ${path}` : `verify failed: ${path} (${count(problems, 'problem')})`,
    ...coverageLines(report),
    ...report.problems.flatMap(problemLines),
    ...(problems > report.problems.length ? [`… and ${problems - report.problems.length} more problems`] : []),
  ];
}

/** What is not proved but no failure either; a line each. */
export function describeWarnings(report: VerifyReport): string[] {
  const { warnings, warning_count: total, coverage } = report;
  const unsigned = coverage.unsigned_events;
  return [
    ...(unsigned > 0 ? [`warning: unsigned tail: ${count(unsigned, 'event')}, no verified signature covers them`] : []),
    ...warnings.map((warning) => `warning: ${place(warning)}: ${clean(warning.meaning)}`),
    ...(total > warnings.length ? [`warning: … and ${total - warnings.length} more warnings`] : []),
  ];
}

function coverageLines({ ok, coverage, session_id, run_id }: VerifyReport): string[] {
  const { events, checkpoints, lines, tree_size, root_hash, unlinked_lines } = coverage;
  const range = events === 0 ? '' : ` (${coverage.first_sequence}..${coverage.last_sequence})`;
  const links = unlinked_lines === 0 ? 'all linked' : `${unlinked_lines} not linked`;
  const counted = `${count(events, 'event')}${range}, ${count(checkpoints, 'checkpoint')}, ${count(lines, 'line')}`;
  return [
    ...(session_id === undefined ? [] : [`session: ${pairs({ session_id, run_id })}`]),
    // Of an invalid journal no part is vouched for: it is only said how much was read.
    ok ? `covers: ${counted}, ${links}` : `read: ${counted}`,
    `root: ${clean(root_hash)} (tree size ${tree_size})`,
  ];
}

function problemLines(problem: Problem): string[] {
  return [
    `problem: ${place(problem)}: ${problem.kind}`,
    ...(problem.expected === undefined ? [] : [`  expected: ${clean(problem.expected)}`]),
    ...(problem.found === undefined ? [] : [`  found:    ${clean(problem.found)}`]),
    `  meaning:  ${clean(problem.meaning)}`,
  ];
}

function place({ line, byte_offset, sequence }: Problem): string {
  return `line ${line}, byte ${byte_offset}${sequence === undefined ? '' : `, sequence ${sequence}`}`;
}
