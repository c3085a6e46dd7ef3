/** A timeline for people: a table for a terminal, or one for a document. Pure. */
import type { TimelineEntry, TimelineSummary } from '../src/index.js';
import { clean, count, pairs, table } from './text.js';

const HEADINGS = ['CREATED_AT', 'OBSERVED_AT', 'SESSION', 'SEQ', 'KIND', 'VERDICT', 'TOOL', 'WHAT'];

/** How much of the last column a line shows. */
const MAX_DETAIL_LENGTH = 200;

export function timelineTable(entries: readonly TimelineEntry[], summary: TimelineSummary): string[] {
  const rows = entries.length === 0 ? ['nothing happened here'] : table([HEADINGS, ...entries.map(cells)]);
  return [...rows, ...cutNote(summary)];
}

export function timelineMarkdown(entries: readonly TimelineEntry[], summary: TimelineSummary): string[] {
  const row = (values: readonly string[]): string => `| ${values.map(escaped).join(' | ')} |`;
  const head = HEADINGS.map((heading) => heading.toLowerCase());
  const note = cutNote(summary);
  return [
    row(head),
    row(head.map(() => '---')),
    ...entries.map((entry) => row(cells(entry))),
    ...(note.length === 0 ? [] : ['', ...note]),
  ];
}

/** What a reader has to know who takes the timeline for complete. */
export function timelineWarnings({ problems, problem_count: problemCount, undated }: TimelineSummary): string[] {
  const unnamed = problemCount - problems.length;
  return [
    ...problems.map(({ path, meaning }) => `warning: not complete: ${clean(path)}: ${clean(meaning)}`),
    ...(unnamed > 0 ? [`warning: … and ${count(unnamed, 'more problem')}`] : []),
    ...(undated > 0 ? [`warning: ${undated} without a readable time: first without a window, in no window`] : []),
  ];
}

function cutNote({ cut_at: cutAt, limit }: TimelineSummary): string[] {
  if (cutAt === undefined) return [];
  return [
    `cut after ${count(limit, 'entry').replace('entrys', 'entries')}: there is more, from ${clean(cutAt)} on (--from, --limit)`,
  ];
}

function cells(entry: TimelineEntry): string[] {
  const { created_at, observed_at, session_id, sequence, checkpoint_index, kind, verdict, tool_name } = entry;
  const place = sequence ?? (checkpoint_index === undefined ? undefined : `cp${checkpoint_index}`);
  return [created_at, observed_at, session_id, place, kind, verdict, tool_name, details(entry)].map((value) => {
    const text = clean(value ?? '');
    return text === '' ? '-' : text;
  });
}

function details(entry: TimelineEntry): string {
  const { kind, actor, correlation_id, reason_codes, violations, trace_id, event_id, reason } = entry;
  const { sequence_start: start, sequence_end: end, subject_session_id: about, root_hash } = entry;
  const text = pairs({
    ...(kind === 'checkpoint' ? { range: `${start}..${end}`, root_hash } : {}),
    about,
    reason,
    actor,
    reason_codes: reason_codes?.join(','),
    violations: violations?.join(','),
    correlation_id,
    trace_id,
    event_id,
  });
  return text.length > MAX_DETAIL_LENGTH ? `${text.slice(0, MAX_DETAIL_LENGTH)}…` : text;
}

/** A cell cannot break out of its table, nor become a link or markup. */
function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>|~&!#]/g, (character) => `\\${character}`);
}
