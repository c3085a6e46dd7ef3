/** What a timeline shows of a line of a journal, and of a trace. Stored values may be anybody's: only what has the right type is shown. */
import { NO_TIME, timeKey, type JournalLine, type JsonObject } from '../journal/index.js';

/**
 * - `repair`, `close`: events of the journal itself.
 * - `hold`, `prune`, `erase`: events of the ledger of a root.
 */
export type TimelineKind = 'event' | 'checkpoint' | 'repair' | 'close' | 'hold' | 'prune' | 'erase' | 'trace';

export interface TimelineEntry {
  readonly kind: TimelineKind;
  /** When it was decided or done, as its writer said. Bound by the digests of the record. */
  readonly created_at: string;
  /** Traces only: when the emission was made, by the clock of its host. Operational: it dates nothing but the emission. */
  readonly observed_at?: string;
  readonly session_id?: string;
  readonly run_id?: string;
  readonly sequence?: number;
  readonly tool_name?: string;
  readonly verdict?: string;
  readonly actor?: string;
  readonly intent_id?: string;
  readonly correlation_id?: string;
  readonly trace_id?: string;
  /** Of a trace: the emission. */
  readonly event_id?: string;
  /** Where the event says that its trace is. */
  readonly trace_path?: string;
  readonly reason_codes?: readonly string[];
  readonly violations?: readonly string[];
  /** Of a hold, a prune or an erasure: the session that it is about, and why. */
  readonly subject_session_id?: string;
  readonly reason?: string;
  readonly checkpoint_index?: number;
  readonly sequence_start?: number;
  readonly sequence_end?: number;
  readonly root_hash?: string;
  /** The journal or the trace file. */
  readonly path: string;
}

/** Which time decides about place and window: for a trace either of its two, for everything else `created_at`. */
export type TimelineClock = 'created_at' | 'observed_at';

/** An entry with what decides about its place. */
export interface PlacedEntry {
  readonly entry: TimelineEntry;
  /** See timeKey. */
  readonly time: string;
  readonly observed: string;
  readonly byteOffset: number;
}

const TEXT_FIELDS = [
  'session_id',
  'run_id',
  'tool_name',
  'verdict',
  'actor',
  'intent_id',
  'correlation_id',
  'trace_id',
  'event_id',
  'trace_path',
] as const;
const LIST_FIELDS = ['reason_codes', 'violations'] as const;

const KINDS: readonly (readonly [prefix: string, kind: TimelineKind])[] = [
  ['gait.journal.repair', 'repair'],
  ['gait.journal.close', 'close'],
  ['gait.hold.', 'hold'],
  ['gait.prune.', 'prune'],
  ['gait.erase.', 'erase'],
];
const LEDGER_KINDS: ReadonlySet<TimelineKind> = new Set<TimelineKind>(['hold', 'prune', 'erase']);

/** Undefined for a header: it is where a session begins, not something that happened in it. */
export function entryOfLine(line: JournalLine, path: string): PlacedEntry | undefined {
  if (line.recordType === 'header') return undefined;
  if (line.recordType === 'event') {
    const { event } = line;
    const kind = kindOf(event.tool_name);
    const about = LEDGER_KINDS.has(kind) ? subjectOf(event.attributes) : {};
    const { sequence, created_at } = event;
    return placed({ kind, created_at, sequence, ...known(event), ...about, path }, 'created_at', line.byteOffset);
  }
  const { session_id, run_id, created_at, checkpoint_index, sequence_start, sequence_end, root_hash } = line.checkpoint;
  const range = { checkpoint_index, sequence_start, sequence_end };
  const root = typeof root_hash === 'string' ? { root_hash } : {};
  return placed(
    { kind: 'checkpoint', created_at, session_id, run_id, ...range, ...root, path },
    'created_at',
    line.byteOffset,
  );
}

/** @param record of a trace, whatever it holds */
export function entryOfTrace(record: JsonObject, path: string, clock: TimelineClock): PlacedEntry {
  const { created_at: createdAt, observed_at: observedAt } = record;
  const entry: TimelineEntry = {
    kind: 'trace',
    created_at: typeof createdAt === 'string' ? createdAt : '',
    ...(typeof observedAt === 'string' ? { observed_at: observedAt } : {}),
    ...known(record),
    path,
  };
  return placed(entry, clock, 0);
}

/** Total: two entries that are placed alike are the same entry, or copies of it at one path. */
export function compareEntries(a: PlacedEntry, b: PlacedEntry): number {
  const [left, right] = [a.entry, b.entry];
  return (
    order(a.time, b.time) ||
    // A trace stands behind the event that records it.
    order(left.kind === 'trace' ? 1 : 0, right.kind === 'trace' ? 1 : 0) ||
    order(left.session_id ?? '', right.session_id ?? '') ||
    order(left.path, right.path) ||
    // A checkpoint stands behind the events that it seals.
    order(left.sequence ?? left.sequence_end ?? 0, right.sequence ?? right.sequence_end ?? 0) ||
    order(left.checkpoint_index ?? 0, right.checkpoint_index ?? 0) ||
    order(a.observed, b.observed) ||
    order(left.event_id ?? '', right.event_id ?? '') ||
    order(a.byteOffset, b.byteOffset)
  );
}

function placed(entry: TimelineEntry, clock: TimelineClock, byteOffset: number): PlacedEntry {
  const created = timeKey(entry.created_at);
  const observed = entry.observed_at === undefined ? NO_TIME : timeKey(entry.observed_at);
  return { entry, time: clock === 'observed_at' && observed !== NO_TIME ? observed : created, observed, byteOffset };
}

function kindOf(tool: unknown): TimelineKind {
  return KINDS.find(([prefix]) => typeof tool === 'string' && tool.startsWith(prefix))?.[1] ?? 'event';
}

function known(record: object): Partial<TimelineEntry> {
  const fields: Record<string, unknown> = {};
  const source = record as JsonObject;
  for (const field of TEXT_FIELDS) if (typeof source[field] === 'string') fields[field] = source[field];
  for (const field of LIST_FIELDS) {
    const value = source[field];
    if (Array.isArray(value)) fields[field] = value.filter((word) => typeof word === 'string');
  }
  return fields;
}

function subjectOf(attributes: unknown): Partial<TimelineEntry> {
  const { session_id: subject, reason } = (attributes ?? {}) as JsonObject;
  return {
    ...(typeof subject === 'string' ? { subject_session_id: subject } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
  };
}

function order<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
