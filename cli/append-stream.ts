/**
 * Appends a stream of NDJSON events, one commit a batch. The next batch is read only when the receipts of the last are
 * handed over, so memory stays bounded however fast the producer is.
 */
import type { Readable } from 'node:stream';
import { GaitError, isGaitError, type ErrorCode } from '../src/errors.js';
import type { EventInput, Journal, Receipt } from '../src/index.js';
import { readLines, type InputLine } from './ndjson.js';

/** Where a stream has come to. */
export interface StreamProgress {
  /** Events that were acknowledged. */
  appended: number;
  /** Lines that were left out as invalid. */
  skipped: number;
  /** Sequence of the last event known to be in the journal; a caller who resumes goes on after it. */
  lastSequence: number;
}

export interface StreamOptions {
  /** Fields for every event that does not bring its own. */
  readonly defaults: Partial<EventInput>;
  /** Called with an invalid line, which is then left out; without it the line ends the stream. */
  readonly onInvalid?: (error: GaitError) => Promise<void>;
  readonly onReceipts: (receipts: readonly Receipt[]) => Promise<void>;
  /** Asked before each commit; true ends the stream. */
  readonly isStopped: () => boolean;
  /** The session's last sequence as the caller knows it, checked by the first commit. */
  readonly expectedSequence?: number;
}

/** What the journal says of an event that is at fault itself. */
const EVENT_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'INVALID_EVENT',
  'INVALID_JSON',
  'LINE_TOO_LONG',
  'IDEMPOTENCY_CONFLICT',
]);

interface Candidate {
  readonly number: number;
  readonly event: EventInput;
}

/**
 * Appends what `source` holds; `progress` says at any time, also after an error, how far it came.
 *
 * @throws GaitError of a line that is no valid event, with `details.line`, what came before it being appended; and
 * whatever the journal throws
 */
export async function appendStream(
  journal: Journal,
  source: Readable,
  progress: StreamProgress,
  options: StreamOptions,
): Promise<void> {
  const { parseExactJson } = await import('../src/index.js');
  // A copy of every event would be made for nothing.
  const defaults = Object.keys(options.defaults).length === 0 ? undefined : options.defaults;
  const writer = new BatchWriter(journal, progress, options);
  for await (const lines of readLines(source)) {
    let ready: Candidate[] = [];
    for (const line of lines) {
      const candidate = parseLine(line, defaults, parseExactJson);
      if (!isGaitError(candidate)) {
        ready.push(candidate);
        continue;
      }
      // The events before the line that ends the stream are appended; a line left out does not split a commit.
      if (options.onInvalid === undefined) {
        await writer.append(ready);
        ready = [];
        if (options.isStopped()) return;
      }
      await writer.refuse(candidate);
    }
    await writer.append(ready);
    if (options.isStopped()) return;
  }
}

class BatchWriter {
  readonly #journal: Journal;
  readonly #progress: StreamProgress;
  readonly #options: StreamOptions;
  #expectedSequence: number | undefined;

  constructor(journal: Journal, progress: StreamProgress, options: StreamOptions) {
    this.#journal = journal;
    this.#progress = progress;
    this.#options = options;
    this.#expectedSequence = options.expectedSequence;
  }

  /** Appends in one commit, or in several around the events that the journal finds invalid. */
  async append(candidates: readonly Candidate[]): Promise<void> {
    let rest = candidates;
    while (rest.length > 0 && !this.#options.isStopped()) {
      const bad = await this.#commit(rest);
      if (bad === undefined) return;
      await this.#commit(rest.slice(0, bad.index));
      await this.refuse(bad.error);
      rest = rest.slice(bad.index + 1);
    }
  }

  /** Reports a line that is no event. Throws its error unless invalid lines are left out. */
  async refuse(error: GaitError): Promise<void> {
    if (this.#options.onInvalid === undefined) throw error;
    this.#progress.skipped++;
    await this.#options.onInvalid(error);
  }

  /** One commit. Returns the first event that the journal finds invalid; then nothing was written. */
  async #commit(candidates: readonly Candidate[]): Promise<{ index: number; error: GaitError } | undefined> {
    if (candidates.length === 0) return undefined;
    const events = candidates.map(({ event }) => event);
    const expected = this.#expectedSequence;
    let receipts: Receipt[];
    try {
      receipts = await this.#journal.appendAll(events, expected === undefined ? {} : { expectedSequence: expected });
    } catch (error) {
      if (!isGaitError(error) || !EVENT_FAULTS.has(error.code)) throw error;
      const index = candidates.length === 1 ? 0 : error.details['index'];
      const candidate = typeof index === 'number' ? candidates[index] : undefined;
      if (typeof index !== 'number' || candidate === undefined) throw error;
      return { index, error: atLine(error, candidate.number) };
    }
    this.#expectedSequence = undefined;
    this.#progress.appended += receipts.length;
    for (const { sequence } of receipts) {
      // An event that came again, by its idempotency key, has the sequence of its first coming.
      if (sequence > this.#progress.lastSequence) this.#progress.lastSequence = sequence;
    }
    await this.#options.onReceipts(receipts);
    return undefined;
  }
}

function parseLine(
  line: InputLine,
  defaults: Partial<EventInput> | undefined,
  parse: (text: string) => unknown,
): Candidate | GaitError {
  if ('error' in line) return atLine(line.error, line.number);
  let value: unknown;
  try {
    value = parse(line.text);
  } catch (error) {
    if (isGaitError(error)) return atLine(error, line.number);
    throw error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return atLine(new GaitError('INVALID_EVENT', 'an event is a JSON object'), line.number);
  }
  // What the object holds is for the journal to judge.
  const event = defaults === undefined ? value : { ...defaults, ...value };
  return { number: line.number, event: event as EventInput };
}

function atLine(error: GaitError, number: number): GaitError {
  const { index: _, ...details } = error.details;
  return new GaitError(error.code, `line ${number}: ${error.message}`, {
    hint: error.hint,
    details: { ...details, line: number },
    cause: error,
  });
}
