/**
 * Reads a journal line by line, without a lock, in flat memory. An unterminated last line is in flight and is not shown.
 *
 * A follower survives the compaction of the file underneath it: it reads the old file to its end, then goes on in the new
 * one behind the last event and checkpoint it has shown.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GaitError } from '../errors.js';
import { openJournalFile, sparseOffset } from './journal-file.js';
import { isFault, parseRecord, type JournalRecord } from './record.js';
import { refuseUnknown, resolveWorld, type World } from './settings.js';
import { errnoOf, LineSplitter, resolveJournalPaths, scanNow, type JournalPaths } from './store/index.js';
import type { JournalLine, ReadOptions } from './types.js';

const CHUNK_BYTES = 256 * 1024;
const DEFAULT_POLL_MS = 50;

/**
 * @throws GaitError JOURNAL_NOT_FOUND, JOURNAL_CORRUPT at a line that is no record, JOURNAL_TRUNCATED when the file shrinks
 * under a follower, INVALID_ARGUMENT, INVALID_PATH, IO_ERROR; the signal's reason when it aborts
 */
export async function* readJournal(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<JournalLine, void, undefined> {
  refuseUnknown(options, ['fromSequence', 'toSequence', 'follow', 'signal', 'pollIntervalMs']);
  const world = resolveWorld(options);
  const paths = resolveJournalPaths(world.fs, path);
  const window = new Window(bound(options.fromSequence, 1), bound(options.toSequence, Infinity));
  let source = new Source(world, paths, window.from);
  try {
    for (;;) {
      for (const line of source.take()) {
        if (window.admits(line)) yield line;
        if (window.isPast) return;
      }
      if (!source.isAtEnd()) continue;
      options.signal?.throwIfAborted();
      if (options.follow !== true) return;
      if (source.isReplaced()) {
        // The old file is complete: a compaction holds the writer lock. Look once more, then move on.
        if (!source.isAtEnd()) continue;
        source.close();
        source = new Source(world, paths, 1);
        window.skipShown();
      } else {
        await sleep(
          options.pollIntervalMs ?? DEFAULT_POLL_MS,
          undefined,
          options.signal === undefined ? {} : { signal: options.signal },
        );
      }
    }
  } finally {
    source.close();
  }
}

/** Which lines the caller asked for, and which it has had. */
class Window {
  readonly from: number;
  readonly #to: number;
  #shownSequence = 0;
  #shownCheckpoint = 0;
  #hasBegun: boolean;
  #isResumed = false;
  isPast = false;

  constructor(from: number, to: number) {
    this.from = from;
    this.#to = to;
    this.#hasBegun = from <= 1;
    this.isPast = to < from;
  }

  admits(line: JournalRecord): boolean {
    switch (line.recordType) {
      case 'header':
        return this.#hasBegun && !this.#isResumed;
      case 'checkpoint': {
        const { checkpoint_index: index } = line.checkpoint;
        if (!this.#hasBegun || (this.#isResumed && index <= this.#shownCheckpoint)) return false;
        this.#shownCheckpoint = index;
        return true;
      }
      case 'event': {
        const { sequence } = line.event;
        if (sequence < this.from || (this.#isResumed && sequence <= this.#shownSequence)) return false;
        this.#hasBegun = true;
        this.isPast = sequence >= this.#to;
        this.#shownSequence = sequence;
        return sequence <= this.#to;
      }
    }
  }

  /** From now on lines that were shown before come by again. */
  skipShown(): void {
    this.#isResumed = true;
  }
}

/** One file, read in chunks. */
class Source {
  readonly #world: World;
  readonly #path: string;
  readonly #descriptor: number;
  readonly #splitter: LineSplitter;
  #lines: JournalLine[] = [];
  /** What ends the reading, once the lines before it are taken. */
  #failure: GaitError | undefined;

  constructor(world: World, paths: JournalPaths, fromSequence: number) {
    this.#world = world;
    this.#path = paths.journal;
    this.#descriptor = openJournalFile(world.fs, paths.journal, 'read');
    const start = fromSequence <= 1 ? 0 : sparseOffset(world.fs, paths, this.#descriptor, fromSequence);
    this.#splitter = new LineSplitter(
      start,
      (line, byteOffset) => this.#keep(line, byteOffset),
      (sizeBytes, byteOffset) => this.#fail(`has ${sizeBytes} bytes, more than any writer makes`, byteOffset),
    );
  }

  /** The lines of the next chunk. Throws JOURNAL_CORRUPT behind the last good line. */
  *take(): Generator<JournalLine> {
    const start = this.#position;
    scanNow(this.#world.fs, this.#descriptor, this.#splitter, start + CHUNK_BYTES);
    const lines = this.#lines;
    this.#lines = [];
    yield* lines;
    if (this.#failure !== undefined) throw this.#failure;
  }

  isAtEnd(): boolean {
    const { size } = this.#world.fs.fstat(this.#descriptor);
    if (size < this.#splitter.position) {
      throw new GaitError('JOURNAL_TRUNCATED', `${this.#path} became shorter while it was read`, {
        details: { path: this.#path, expected_bytes: this.#splitter.position, found_bytes: size },
      });
    }
    return size <= this.#position;
  }

  isReplaced(): boolean {
    const { fs } = this.#world;
    try {
      const atPath = fs.stat(this.#path);
      const mine = fs.fstat(this.#descriptor);
      return atPath.ino !== mine.ino || atPath.dev !== mine.dev;
    } catch (error) {
      // Between the two halves of somebody's move: look again at the next poll.
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  close(): void {
    this.#world.fs.close(this.#descriptor);
  }

  get #position(): number {
    return this.#splitter.position + this.#splitter.restBytes;
  }

  #keep(line: Buffer, byteOffset: number): void {
    if (this.#failure !== undefined) return;
    const parsed = parseRecord(line);
    if (isFault(parsed)) this.#fail(parsed.reason, byteOffset);
    else this.#lines.push({ ...parsed, byteOffset });
  }

  #fail(reason: string, byteOffset: number): void {
    this.#failure ??= new GaitError('JOURNAL_CORRUPT', `${this.#path}: the line at byte ${byteOffset} ${reason}`, {
      details: { path: this.#path, byte_offset: byteOffset },
    });
  }
}

function bound(value: number | undefined, absent: number): number {
  if (value === undefined) return absent;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new GaitError('INVALID_ARGUMENT', 'a sequence is a whole number', { details: { found: value } });
}
