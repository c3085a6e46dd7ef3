/** A report on a note or a proof for people. Pure. */
import type { ProofReport } from '../src/index.js';
import { problemLines, signatureLines, warningLines } from './report-parts.js';
import { clean, pairs } from './text.js';

export function describeProof(report: ProofReport): string[] {
  const { ok, origin, tree_size, root_hash, first_size, first_root } = report;
  const { leaf_index, leaf_hash, event } = report;
  return [
    `log: ${pairs({ origin, tree_size, root_hash })}`,
    ...signatureLines(report, `the first ${tree_size} lines of the log`),
    ...(leaf_index === undefined ? [] : [`${ok ? 'proves' : 'claims'}: ${pairs({ leaf_index, leaf_hash })}`]),
    ...(event === undefined ? [] : [`event: ${describeEvent(event)}`]),
    ...(first_size === undefined
      ? []
      : [`${ok ? 'proves' : 'claims'}: the log still begins with ${pairs({ first_size, first_root })}`]),
    ...problemLines(report, nowhere),
  ];
}

export function proofWarnings(report: ProofReport): string[] {
  return warningLines(report, nowhere);
}

function describeEvent({ sequence, created_at, verdict, tool_name, actor }: NonNullable<ProofReport['event']>): string {
  return `#${sequence}  ${clean(created_at)}  ${pairs({ tool_name, verdict, actor })}`;
}

/** A note or proof is one thing: nothing in it has a place of its own. */
function nowhere(): string {
  return '';
}
