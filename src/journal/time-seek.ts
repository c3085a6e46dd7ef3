/**
 * Reads those stretches of a journal that may hold what is wanted by time. The times of events are their writers', so a
 * journal is usually in their order, but need not be: the index tells of each stretch between which times its lines are
 * (sparse-offsets.ts), and what it does not tell of is read.
 */
import { fittingIndex, openJournalFile } from './journal-file.js';
import { readJournal } from './reader.js';
import { readBase, type LogBase } from './segments/index.js';
import { resolveWorld } from './settings.js';
import { resolveJournalPaths } from './store/index.js';
import { ALL_TIMES, type TimeSpan } from './time-span.js';
import type { JournalLine } from './answer-types.js';
import type { Environment } from './environment.js';

export interface TimeSeekOptions extends Environment {
  /** Whether lines of a span are not wanted. Asked again as the reading goes on; once true it must stay so. */
  readonly skips: (span: TimeSpan) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Events `first` to before `next`, and the lines between them. */
interface Stretch {
  readonly first: number;
  readonly next: number;
  readonly span: TimeSpan;
}

/** Events and checkpoints in the order of the log: all that are wanted, and some that are not. Throws as readJournal. */
export async function* readJournalByTime(
  path: string,
  { skips, signal, ...environment }: TimeSeekOptions,
): AsyncGenerator<JournalLine, void, undefined> {
  const stretches = stretchesOf(path, environment);
  const isSkipped = (at: number): boolean => skips(stretches[at]?.span ?? ALL_TIMES);
  let at = 0;
  while (at < stretches.length) {
    if (isSkipped(at)) {
      at += 1;
      continue;
    }
    let end = at + 1;
    while (end < stretches.length && !isSkipped(end)) end += 1;
    const first = stretches[at]?.first ?? 1;
    const next = stretches[end - 1]?.next ?? Infinity;
    // From the event before, and up to the one after: the checkpoints between them are part of it.
    const range = { fromSequence: Math.max(first - 1, 1), ...(next === Infinity ? {} : { toSequence: next }) };
    const lines = readJournal(path, { ...environment, ...range, ...(signal === undefined ? {} : { signal }) });
    for await (const line of lines) {
      signal?.throwIfAborted();
      if (line.recordType === 'event') {
        const { sequence } = line.event;
        if (sequence < first) continue;
        if (sequence >= next) break;
        const before = at;
        while (at + 1 < end && sequence >= (stretches[at + 1]?.first ?? Infinity)) at += 1;
        // What is wanted may have become less since the reading began.
        if (at !== before && isSkipped(at)) {
          end = at;
          break;
        }
      }
      if (line.recordType !== 'header') yield line;
    }
    at = end;
  }
}

function stretchesOf(path: string, environment: Environment): Stretch[] {
  const world = resolveWorld(environment);
  const paths = resolveJournalPaths(world.fs, path);
  const descriptor = openJournalFile(world.fs, paths.journal, 'read');
  try {
    const index = fittingIndex(world.fs, paths, descriptor);
    if (index === undefined) return [{ first: 1, next: Infinity, span: ALL_TIMES }];
    const { sequences, spans } = index.offsets.toTable();
    const behind = index.facts.lastSequence + 1;
    const known = sequences.map((first, at) => ({
      first,
      next: sequences[at + 1] ?? behind,
      span: spans[at] ?? ALL_TIMES,
    }));
    const [start = behind] = sequences;
    const before = stretchesBefore(start, () => readBase(world.fs, paths, descriptor));
    return [...before, ...known, { first: behind, next: Infinity, span: ALL_TIMES }];
  } finally {
    world.fs.close(descriptor);
  }
}

/** What lies in segments, by their blocks, and what lies between them and the first known event of the file. */
function stretchesBefore(start: number, base: () => LogBase | undefined): Stretch[] {
  // In front of the very first event there is nothing but the header.
  if (start === 1) return [];
  const segments = base()?.segments ?? [];
  const blocks = segments.flatMap(({ manifest }) => manifest.blocks);
  const behind = (segments.at(-1)?.manifest.last_sequence ?? 0) + 1;
  const archived = blocks.map(({ first_sequence: first, earliest, latest }, at) => ({
    first: Math.max(first, 1),
    next: blocks[at + 1]?.first_sequence ?? behind,
    span: { earliest, latest },
  }));
  if (behind < start) archived.push({ first: behind, next: start, span: ALL_TIMES });
  const [firstArchived = start] = archived.map(({ first }) => first);
  return firstArchived <= 1 ? archived : [{ first: 1, next: firstArchived, span: ALL_TIMES }, ...archived];
}
