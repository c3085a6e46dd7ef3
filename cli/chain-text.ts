/** A report on a chain for people. Pure. */
import type { ChainProblem, ChainReport } from '../src/index.js';
import { problemLines, signatureLines, unprovenLines, warningLines } from './report-parts.js';
import { clean, count, pairs } from './text.js';

export function describeChain(report: ChainReport): string[] {
  const { session_id, run_id, checkpoints_checked, runpacks_checked, signed_to_sequence } = report;
  const { linkage_errors, checkpoint_errors } = report;
  return [
    pairs({ session: session_id, run: run_id, checkpoints: checkpoints_checked }),
    `covers: ${count(checkpoints_checked, 'checkpoint')}, ${count(runpacks_checked, 'runpack')}`,
    ...signatureLines(report, `event ${signed_to_sequence}`),
    ...(linkage_errors.length === 0 ? [] : [`linkage errors: ${linkage_errors.map(clean).join('; ')}`]),
    ...(checkpoint_errors.length === 0 ? [] : [`checkpoint errors: ${checkpoint_errors.map(clean).join('; ')}`]),
    ...problemLines(report, placeOf),
  ];
}

export function chainWarnings(report: ChainReport): string[] {
  return [...unprovenLines(report.verdict), ...warningLines(report, placeOf)];
}

function placeOf({ checkpoint_index: index, runpack, entry, line }: ChainProblem): string {
  return [
    index === undefined ? '' : `checkpoint ${index}`,
    runpack === undefined ? '' : `runpack ${clean(runpack)}`,
    entry === undefined ? '' : `entry ${clean(entry)}`,
    line === undefined ? '' : `line ${line}`,
  ]
    .filter((part) => part !== '')
    .join(', ');
}
