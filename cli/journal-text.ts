/** A report on a journal for people. Pure. */
import type { Problem, VerifyReport } from '../src/index.js';
import { problemLines, signatureLines, warningLines } from './report-parts.js';
import { clean, count, pairs } from './text.js';

export function describeJournal(report: VerifyReport): string[] {
  const { ok, coverage, session_id, run_id } = report;
  const { events, checkpoints, lines, tree_size, root_hash, unlinked_lines, signed_to_sequence, closed } = coverage;
  const range = events === 0 ? '' : ` (${coverage.first_sequence}..${coverage.last_sequence})`;
  const links = unlinked_lines === 0 ? 'all linked' : `${unlinked_lines} not linked`;
  const counted = `${count(events, 'event')}${range}, ${count(checkpoints, 'checkpoint')}, ${count(lines, 'line')}`;
  return [
    ...(session_id === undefined ? [] : [`session: ${pairs({ session_id, run_id })}${closed ? ', closed' : ''}`]),
    // Of an invalid journal no part is vouched for: it is only said how much was read.
    ok ? `covers: ${counted}, ${links}` : `read: ${counted}`,
    ...signatureLines(report, `event ${signed_to_sequence}`),
    `root: ${clean(root_hash)} (tree size ${tree_size})`,
    ...retentionLines(report),
    ...problemLines(report, placeOf),
  ];
}

export function journalWarnings(report: VerifyReport): string[] {
  const unsigned = report.coverage.unsigned_events;
  const isSaid = [...report.warnings, ...report.problems].some(({ kind }) => kind === 'unsigned_tail');
  return [
    ...(unsigned > 0 && !isSaid
      ? [`unsigned tail: ${count(unsigned, 'event')}, no verified signature covers them`]
      : []),
    ...warningLines(report, placeOf),
  ];
}

/** Nothing to say of a journal that was never compacted or pruned. */
function retentionLines({ retention, coverage }: VerifyReport): string[] {
  const { segments, pruned_to_sequence: prunedTo, erased_payloads: erased } = coverage;
  const facts = [
    ...(segments === 0 ? [] : [`${count(segments, 'segment')} beside the journal file`]),
    ...(prunedTo === 0 ? [] : [`events up to ${prunedTo} are gone`]),
    ...(erased === 0 ? [] : [`${count(erased, 'payload')} erased`]),
  ];
  return facts.length === 0 && retention === 'intact' ? [] : [`retention: ${[retention, ...facts].join(', ')}`];
}

/** Nothing for what is not in the journal itself. */
function placeOf({ line, byte_offset, segment, sequence }: Problem): string {
  if (line === 0) return '';
  const file = segment === undefined ? '' : ` of segment ${clean(segment)}`;
  return `line ${line}, byte ${byte_offset}${file}${sequence === undefined ? '' : `, sequence ${sequence}`}`;
}
