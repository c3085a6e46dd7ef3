/** A report on a trace for people, the verdict first. Pure. */
import type { TraceProblem, TraceReport } from '../src/index.js';
import { clean, count, pairs } from './text.js';

export function describeTrace(report: TraceReport): string[] {
  const { trace_id, event_id, tool_name, decision, created_at, observed_at, signed_by } = report;
  const path = clean(report.path);
  return [
    report.ok ? `trace verify ok: ${path}` : `trace verify failed: ${path} (${count(report.problem_count, 'problem')})`,
    `trace: ${pairs({ trace_id, event_id, tool_name, verdict: decision, created_at, observed_at })}`,
    ...signed_by.map((keyId) => `signed by: ${keyId}`),
    ...report.problems.flatMap(problemLines),
  ];
}

export function describeTraceWarnings({ path, warnings }: TraceReport): string[] {
  return warnings.map(({ meaning, found }) => {
    const detail = found === undefined ? '' : ` (${clean(found)})`;
    return `warning: ${clean(path)}: ${clean(meaning)}${detail}`;
  });
}

function problemLines({ kind, field, expected, found, meaning }: TraceProblem): string[] {
  return [
    `problem: ${field === undefined ? '' : `${field}: `}${kind}`,
    ...(expected === undefined ? [] : [`  expected: ${clean(expected)}`]),
    ...(found === undefined ? [] : [`  found:    ${clean(found)}`]),
    `  meaning:  ${clean(meaning)}`,
  ];
}
