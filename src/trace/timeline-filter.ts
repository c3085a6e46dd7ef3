/** What is asked of a timeline, checked once and complete from then on. */
import { GaitError } from '../errors.js';
import { NO_TIME, refuseUnknown, timeKey, VERDICTS, type Environment, type Verdict } from '../journal/index.js';
import { matchesGlob } from './glob.js';
import type { PlacedEntry, TimelineClock, TimelineEntry } from './timeline-entry.js';
import { shifted } from './time-window.js';

/** The journals of a root with the traces below it, or some journals; with the traces that the events shown name. */
export type TimelineSource = string | { readonly journals: readonly string[] };

export interface TimelineFilter extends Environment {
  /** Only this session: its journal, what the ledger says of it, and the traces that its events name. */
  readonly sessionId?: string;
  readonly correlationId?: string;
  /** With `*` and `?`. */
  readonly tool?: string;
  readonly verdict?: Verdict;
  /** First and last time, RFC 3339, both included. */
  readonly from?: string;
  readonly to?: string;
  /** The middle of the window in place of its ends: a time, or the sequence of an event where one journal is meant. */
  readonly around?: string | number;
  /** How far the window reaches before and after `around`; five minutes by default. */
  readonly windowMs?: number;
  /** At most so many entries, the first in time; 1,000 by default. */
  readonly limit?: number;
  /** Which of the two times of a trace counts, for its place and for the window; `created_at` by default. */
  readonly by?: TimelineClock;
  /** More folders to look for traces in. */
  readonly traceDirs?: readonly string[];
  /** Told once, before the first entry. */
  readonly onSummary?: (summary: TimelineSummary) => void;
  readonly signal?: AbortSignal;
}

/** What a timeline covers. */
export interface TimelineSummary {
  readonly entries: number;
  readonly limit: number;
  /** There is more: the first time that was left out. Absent when nothing was. */
  readonly cut_at?: string;
  readonly journals: number;
  readonly trace_files: number;
  /** Entries without a readable time, which no window can hold. Without a window they come first. */
  readonly undated: number;
  /** What could not be read, at most 100 of them, and how many there are. */
  readonly problems: readonly TimelineProblem[];
  readonly problem_count: number;
}

export interface TimelineProblem {
  readonly path: string;
  readonly error_code: string;
  readonly meaning: string;
}

export const DEFAULT_LIMIT = 1_000;
/** The entries of an answer are held in memory. */
const MAX_LIMIT = 100_000;
const DEFAULT_WINDOW_MS = 5 * 60_000;
/** As far back as anybody's clock goes. */
const MAX_WINDOW_MS = 1_000 * 366 * 24 * 3_600_000;

const OPTIONS = [
  'sessionId',
  'correlationId',
  'tool',
  'verdict',
  'from',
  'to',
  'around',
  'windowMs',
  'limit',
  'by',
  'traceDirs',
  'onSummary',
  'signal',
] as const satisfies readonly (keyof TimelineFilter)[];

/** First and last time as {@link timeKey} gives them; absent where it is open. */
export interface TimeWindow {
  readonly from?: string;
  readonly to?: string;
}

/** Throws INVALID_ARGUMENT naming the option. */
export function checkFilter(filter: TimelineFilter): void {
  refuseUnknown(filter, OPTIONS);
  const { limit, by, verdict, around, windowMs, from, to, traceDirs } = filter;
  if (limit !== undefined && !(isWhole(limit) && limit <= MAX_LIMIT)) {
    throw invalid('limit', limit, `a whole number from 1 to ${MAX_LIMIT}`);
  }
  if (by !== undefined && by !== 'created_at' && by !== 'observed_at') {
    throw invalid('by', by, 'created_at or observed_at');
  }
  if (verdict !== undefined && !VERDICTS.includes(verdict)) {
    throw invalid('verdict', verdict, `one of ${VERDICTS.join(', ')}`);
  }
  if (around === undefined && windowMs !== undefined) throw invalid('windowMs', windowMs, 'given with around');
  if (around !== undefined && (from !== undefined || to !== undefined)) {
    throw invalid('around', around, 'given without from and to');
  }
  if (typeof around === 'number' && !isWhole(around)) throw invalid('around', around, 'a sequence from 1, or a time');
  if (windowMs !== undefined && !(windowMs >= 0 && windowMs <= MAX_WINDOW_MS)) {
    throw invalid('windowMs', windowMs, 'a number of milliseconds from 0');
  }
  if (traceDirs?.some((dir) => typeof dir !== 'string') === true) throw invalid('traceDirs', traceDirs, 'folders');
}

/**
 * @param middle the time that `around` comes to, where it is given
 * @throws GaitError INVALID_ARGUMENT
 */
export function windowOf({ from, to, windowMs = DEFAULT_WINDOW_MS }: TimelineFilter, middle?: string): TimeWindow {
  if (middle !== undefined) {
    const key = keyOf('around', middle);
    return { from: shifted(key, -windowMs), to: shifted(key, windowMs) };
  }
  const window = {
    ...(from === undefined ? {} : { from: keyOf('from', from) }),
    ...(to === undefined ? {} : { to: keyOf('to', to) }),
  };
  if (window.from !== undefined && window.to !== undefined && window.from > window.to) {
    throw invalid('from', from, 'a time before that of `to`');
  }
  return window;
}

/** Whether an entry has what is asked for, its time apart. */
export function admits(filter: TimelineFilter, entry: TimelineEntry): boolean {
  const { sessionId, correlationId, tool, verdict } = filter;
  const isOf = sessionId === undefined || entry.kind === 'trace' || isAbout(entry, sessionId);
  return (
    isOf &&
    (correlationId === undefined || entry.correlation_id === correlationId) &&
    (verdict === undefined || entry.verdict === verdict) &&
    (tool === undefined || (entry.tool_name !== undefined && matchesGlob(tool, entry.tool_name)))
  );
}

export function isWithin({ from, to }: TimeWindow, { time }: Pick<PlacedEntry, 'time'>): boolean {
  return (from === undefined || time >= from) && (to === undefined || time <= to);
}

function isAbout(entry: TimelineEntry, sessionId: string): boolean {
  return entry.session_id === sessionId || entry.subject_session_id === sessionId;
}

function keyOf(option: string, text: string): string {
  const key = timeKey(text.trim());
  if (key !== NO_TIME) return key;
  throw invalid(option, text, 'an RFC 3339 time like 2026-02-01T09:30:00Z');
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

function invalid(option: string, found: unknown, wanted: string): GaitError {
  return new GaitError('INVALID_ARGUMENT', `option ${option} must be ${wanted}`, { details: { option, found } });
}
