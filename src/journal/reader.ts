/**
 * Reads a journal line by line, without a lock, in flat memory: one log, wherever compaction has put its lines. An
 * unterminated last line is in flight and is not shown.
 *
 * A follower survives the compaction of the file underneath it: it reads the old file to its end, then goes on in the new
 * one behind the last event and checkpoint it has shown.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GaitError } from '../errors.js';
import { JournalSource } from './journal-source.js';
import type { JournalRecord } from './record.js';
import { refuseUnknown, resolveWorld } from './settings.js';
import { resolveJournalPaths } from './store/index.js';
import type { JournalLine } from './answer-types.js';
import type { ReadOptions } from './handle-types.js';

const DEFAULT_POLL_MS = 50;

/**
 * @throws GaitError JOURNAL_NOT_FOUND, JOURNAL_CORRUPT at a line that is no record, JOURNAL_TRUNCATED when the file shrinks
 * under a follower, SEGMENT_MISSING, SEGMENT_DAMAGED, INVALID_ARGUMENT, INVALID_PATH, IO_ERROR; the signal's reason when it
 * aborts
 */
export async function* readJournal(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<JournalLine, void, undefined> {
  refuseUnknown(options, ['fromSequence', 'toSequence', 'follow', 'signal', 'pollIntervalMs']);
  const world = resolveWorld(options);
  const paths = resolveJournalPaths(world.fs, path);
  const window = new Window(bound(options.fromSequence, 1), bound(options.toSequence, Infinity));
  let source = new JournalSource(world, paths, window.from);
  try {
    let isBehind = true;
    for (;;) {
      if (isBehind) {
        for (const line of source.archived()) {
          if (window.admits(line)) yield line;
          if (window.isPast) return;
        }
        isBehind = false;
      }
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
        window.skipShown();
        const next = new JournalSource(world, paths, window.next);
        source.close();
        source = next;
        isBehind = true;
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

  /** The first event that was not shown yet. */
  get next(): number {
    return Math.max(this.#shownSequence + 1, this.from);
  }

  /** From now on lines that were shown before come by again. */
  skipShown(): void {
    this.#isResumed = true;
  }
}

function bound(value: number | undefined, absent: number): number {
  if (value === undefined) return absent;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new GaitError('INVALID_ARGUMENT', 'a sequence is a whole number', { details: { found: value } });
}
