/**
 * Everything below a root, sorted: what a timeline must be the first of. Reads files whole, compares times as numbers of
 * nanoseconds, and shares nothing with `src/`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TimelineEntry, TimelineFilter } from '../../src/index.js';

type Fields = Readonly<Record<string, unknown>>;

const TIME = /^(.{19})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/;

/** Nanoseconds since 1970; only for times without a leap second. */
function nanoseconds(text: string): bigint {
  const [, seconds = '', fraction = '', zone = ''] = TIME.exec(text) ?? [];
  return BigInt(Date.parse(`${seconds}${zone}`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

const SHOWN = [
  'session_id',
  'run_id',
  'tool_name',
  'verdict',
  'actor',
  'intent_id',
  'correlation_id',
  'trace_id',
  'event_id',
];

const shownOf = (record: Fields): Fields =>
  Object.fromEntries(Object.entries(record).filter(([name]) => SHOWN.includes(name)));

/** Every entry in order, for roots whose events name no traces, without holds. */
export function naiveTimeline(root: string, filter: TimelineFilter): TimelineEntry[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name));
  const journals = files.filter((path) => path.endsWith('.jsonl') && join(root, basename(path)) === path);
  const traces = files.filter((path) => /trace_[^/]*\.json$/.test(path) && !path.includes('.gait/'));
  const lines = journals.flatMap((path) =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .flatMap((text) => ofLine(text, path)),
  );
  const all = filter.sessionId === undefined ? [...lines, ...traces.map(ofTrace)] : lines;
  const { by = 'created_at', from, to } = filter;
  const timeOf = ({ created_at: created, observed_at: observed }: TimelineEntry): bigint =>
    nanoseconds(by === 'observed_at' ? (observed ?? created) : created);
  const rank = (entry: TimelineEntry): (bigint | number | string)[] => [
    timeOf(entry),
    entry.kind === 'trace' ? 1 : 0,
    entry.session_id ?? '',
    entry.path,
    entry.sequence ?? entry.sequence_end ?? 0,
    entry.checkpoint_index ?? 0,
    entry.observed_at === undefined ? 0n : nanoseconds(entry.observed_at),
    entry.event_id ?? '',
  ];
  return all
    .filter((entry) => matches(entry, filter))
    .filter((entry) => from === undefined || timeOf(entry) >= nanoseconds(from))
    .filter((entry) => to === undefined || timeOf(entry) <= nanoseconds(to))
    .map((entry) => ({ entry, rank: rank(entry) }))
    .sort((a, b) => compare(a.rank, b.rank))
    .map(({ entry }) => entry);
}

function compare(a: readonly (bigint | number | string)[], b: readonly (bigint | number | string)[]): number {
  for (const [at, left] of a.entries()) {
    const right = b[at] ?? '';
    if (left < right) return -1;
    if (left > right) return 1;
  }
  return 0;
}

function ofLine(text: string, path: string): TimelineEntry[] {
  const { event, checkpoint } = JSON.parse(text) as Readonly<Record<string, Fields>>;
  if (event !== undefined) {
    const { created_at, sequence } = event;
    return [{ kind: 'event', created_at, sequence, ...shownOf(event), path } as TimelineEntry];
  }
  if (checkpoint === undefined) return [];
  const { created_at, session_id, run_id, checkpoint_index, sequence_start, sequence_end, root_hash } = checkpoint;
  const fields = { created_at, session_id, run_id, checkpoint_index, sequence_start, sequence_end, root_hash };
  return [{ kind: 'checkpoint', ...fields, path } as TimelineEntry];
}

function ofTrace(path: string): TimelineEntry {
  const record = JSON.parse(readFileSync(path, 'utf8')) as Fields;
  const { created_at, observed_at } = record;
  return { kind: 'trace', created_at, observed_at, ...shownOf(record), path } as TimelineEntry;
}

function matches(entry: TimelineEntry, { tool, verdict, correlationId, sessionId }: TimelineFilter): boolean {
  const pattern = new RegExp(`^${(tool ?? '*').replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return (
    (tool === undefined || (entry.tool_name !== undefined && pattern.test(entry.tool_name))) &&
    (verdict === undefined || entry.verdict === verdict) &&
    (correlationId === undefined || entry.correlation_id === correlationId) &&
    (sessionId === undefined || entry.session_id === sessionId)
  );
}
