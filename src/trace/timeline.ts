/**
 * What happened, in order: events, checkpoints, repairs, holds, removals and traces of many journals as one sequence.
 *
 * Times are their writers', so no source is sure to be in order, and merging sources as they come would not be exact. All
 * that may be wanted is looked at, and the first so many are kept, in bounded memory; what the index of a journal tells to
 * lie outside the window, or behind all that is kept already, is not read.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isGaitError } from '../errors.js';
import { NO_TIME, readJournalByTime } from '../journal/index.js';
import { FirstEntries } from './first-entries.js';
import { entryOfLine, entryOfTrace, type PlacedEntry, type TimelineEntry } from './timeline-entry.js';
import {
  admits,
  checkFilter,
  DEFAULT_LIMIT,
  isWithin,
  windowOf,
  type TimelineFilter,
  type TimelineProblem,
  type TimelineSource,
  type TimeWindow,
} from './timeline-filter.js';
import { environmentOf, eventAt, placesOf, type TimelinePlaces } from './timeline-sources.js';
import { namedTrace, readTrace, traceFiles } from './trace-files.js';

const MAX_PROBLEMS = 100;
/** Characters of a time down to the second, which is what an index tells of. */
const SECOND_LENGTH = 'yyyy-mm-ddThh:mm:ss'.length;
/** Files read between two turns of the event loop. */
const FILES_A_TURN = 64;

/**
 * The first entries in time, ties in a stable order, and by `onSummary` whether there are more. Nothing is verified here, and
 * nothing is written: `verify` says how far the evidence is to be trusted. What cannot be read is left out and named in the
 * summary.
 *
 * @param source a root folder, or journals
 * @throws GaitError INVALID_ARGUMENT naming the option, FILE_NOT_FOUND, INVALID_PATH, IO_ERROR; the signal's reason when it
 * aborts
 */
export async function* timeline(
  source: TimelineSource,
  filter: TimelineFilter = {},
): AsyncGenerator<TimelineEntry, void, undefined> {
  checkFilter(filter);
  const places = placesOf(source, filter);
  const { around } = filter;
  const middle = typeof around === 'number' ? (await eventAt(places, around, filter)).created_at : around;
  const gathering = new Gathering(filter, windowOf(filter, middle));
  await gathering.readJournals(places);
  await gathering.readTraces(places);
  const entries = gathering.finish(places);
  for (const entry of entries) yield entry;
}

class Gathering {
  readonly #filter: TimelineFilter;
  readonly #window: TimeWindow;
  readonly #limit: number;
  readonly #first: FirstEntries;
  readonly #problems: TimelineProblem[] = [];
  #problemCount = 0;
  #undated = 0;
  #traceFiles = 0;

  constructor(filter: TimelineFilter, window: TimeWindow) {
    this.#filter = filter;
    this.#window = window;
    this.#limit = filter.limit ?? DEFAULT_LIMIT;
    // One more than is shown says whether there is more.
    this.#first = new FirstEntries(this.#limit + 1);
  }

  async readJournals({ journals }: TimelinePlaces): Promise<void> {
    const { signal } = this.#filter;
    const { from, to } = this.#window;
    const [fromSecond, toSecond] = [from?.slice(0, SECOND_LENGTH), to?.slice(0, SECOND_LENGTH)];
    const skips = ({ earliest, latest }: { readonly earliest: string; readonly latest: string }): boolean => {
      if (fromSecond !== undefined && latest < fromSecond) return true;
      if (toSecond !== undefined && earliest > toSecond) return true;
      const { last } = this.#first;
      return last !== undefined && last.time !== NO_TIME && earliest > last.time.slice(0, SECOND_LENGTH);
    };
    for (const path of journals) {
      await this.#reading(path, async () => {
        for await (const line of readJournalByTime(path, { ...environmentOf(this.#filter), skips, signal })) {
          const entry = entryOfLine(line, path);
          if (entry !== undefined) this.#take(entry);
        }
      });
    }
  }

  async readTraces({ traceFolders }: TimelinePlaces): Promise<void> {
    const { by = 'created_at', signal } = this.#filter;
    const environment = environmentOf(this.#filter);
    const seen = new Set<string>();
    for (const folder of traceFolders) {
      if (seen.has(folder)) continue;
      seen.add(folder);
      await this.#reading(folder, async () => {
        for (const path of traceFiles(folder, environment)) {
          await this.#reading(path, () => this.#take(entryOfTrace(readTrace(path, environment), path, by)));
          this.#traceFiles += 1;
          if (this.#traceFiles % FILES_A_TURN === 0) await nextTurn();
          signal?.throwIfAborted();
        }
      });
    }
  }

  finish(places: TimelinePlaces): TimelineEntry[] {
    this.#takeNamedTraces();
    const found = this.#first.inOrder();
    const shown = found.slice(0, this.#limit).map(({ entry }) => entry);
    const cut = found[this.#limit];
    this.#filter.onSummary?.({
      entries: shown.length,
      limit: this.#limit,
      ...(cut === undefined ? {} : { cut_at: cut.entry.created_at }),
      journals: places.journals.length,
      trace_files: this.#traceFiles,
      undated: this.#undated,
      problems: this.#problems,
      problem_count: this.#problemCount,
    });
    return shown;
  }

  /** Those that the events shown here name: a trace may be anywhere, and does not say of which session it is. */
  #takeNamedTraces(): void {
    const { by = 'created_at' } = this.#filter;
    const events = this.#first.inOrder();
    const known = new Set(events.filter(({ entry }) => entry.kind === 'trace').map(({ entry }) => entry.event_id));
    for (const { entry } of events) {
      if (entry.kind === 'trace' || entry.trace_path === undefined) continue;
      const found = namedTrace(entry, environmentOf(this.#filter));
      if (found === undefined) continue;
      const trace = entryOfTrace(found.record, found.path, by);
      // Several events may name one trace, and the folders that were asked for may hold it.
      const emission = trace.entry.event_id ?? found.path;
      if (known.has(emission)) continue;
      known.add(emission);
      this.#traceFiles += 1;
      this.#take(trace);
    }
  }

  #take(entry: PlacedEntry): void {
    if (!admits(this.#filter, entry.entry)) return;
    const hasWindow = this.#window.from !== undefined || this.#window.to !== undefined;
    if (entry.time === NO_TIME) {
      this.#undated += 1;
      if (hasWindow) return;
    }
    if (isWithin(this.#window, entry)) this.#first.add(entry);
  }

  /** What one source cannot give is no reason to show nothing of the others. */
  async #reading(path: string, work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isGaitError(error)) throw error;
      this.#problemCount += 1;
      if (this.#problems.length >= MAX_PROBLEMS) return;
      this.#problems.push({ path, error_code: error.code, meaning: error.message });
    }
  }
}
