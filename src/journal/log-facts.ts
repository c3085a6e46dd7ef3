/** What is known of a log beside its tree: what the index stores, and what checkpoints, retention and the Go tool's files say. */
import type { LastCheckpoint } from './checkpoint-rules.js';
import type { SessionHeader } from './types.js';

/** What compaction moved out of the journal file: the first lines of the log, and the events among them. */
export interface Archive {
  readonly lines: number;
  readonly events: number;
  /** Where in the journal file the lines begin that are nowhere else. */
  readonly liveOffset: number;
}

/** The last checkpoint that names the tree: what it covers can be moved out and still be proved. */
export interface RootedCheckpoint {
  /** Lines of the log up to the checkpoint, its own included. */
  readonly lines: number;
  /** Offset behind its line in the journal file. */
  readonly endOffset: number;
}

export const NO_ARCHIVE: Archive = { lines: 0, events: 0, liveOffset: 0 };

/** The part of the state that the index stores: everything but the tree. */
export interface LogFacts {
  header: SessionHeader | undefined;
  firstSequence: number;
  lastSequence: number;
  eventCount: number;
  checkpointCount: number;
  lastCheckpoint: LastCheckpoint | undefined;
  /** Lines beside the first that carry no `prev`. */
  unlinkedLines: number;
  /** Lines of the log so far, those in segments included. */
  lines: number;
  /** Offset of the last line's first byte. */
  lastLineOffset: number;
  /** The session was ended by a closing event. */
  isClosed: boolean;
  archive: Archive;
  lastRooted: RootedCheckpoint | undefined;
}

/** A copy of the facts alone. */
export function logFacts(log: LogFacts): LogFacts {
  const { header, firstSequence, lastSequence, eventCount, checkpointCount, lastCheckpoint, unlinkedLines } = log;
  const { lines, lastLineOffset, isClosed, archive, lastRooted } = log;
  return {
    header,
    firstSequence,
    lastSequence,
    eventCount,
    checkpointCount,
    lastCheckpoint,
    unlinkedLines,
    lines,
    lastLineOffset,
    isClosed,
    archive,
    lastRooted,
  };
}
