/**
 * What the lines of a journal add up to, and the rules they must keep (docs/format.md).
 *
 * The writer's catch-up, the cold rebuild and `verify` all feed lines to this one class, so that they cannot disagree.
 */
import { Frontier, leafHash, leafHashOfText } from '../sign/index.js';
import { checkpointMismatches, type LastCheckpoint } from './checkpoint-rules.js';
import { isReservedTool } from './event-fields.js';
import { LinkChecker } from './link-checker.js';
import { isFault, parseRecord, type JournalRecord } from './record.js';
import type { SessionCheckpoint, SessionEvent, SessionHeader } from './types.js';
import type { Problem, ProblemKind } from './verify-types.js';

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

const NO_ARCHIVE: Archive = { lines: 0, events: 0, liveOffset: 0 };

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

/** Reserved tool name of the event that ends a session. */
export const CLOSE_TOOL = 'gait.journal.close';

type Report = (problem: Problem) => void;

export class SessionLog implements LogFacts {
  header: SessionHeader | undefined = undefined;
  firstSequence = 0;
  lastSequence = 0;
  eventCount = 0;
  checkpointCount = 0;
  lastCheckpoint: LastCheckpoint | undefined = undefined;
  unlinkedLines = 0;
  lines = 0;
  lastLineOffset = 0;
  isClosed = false;
  archive: Archive = NO_ARCHIVE;
  lastRooted: RootedCheckpoint | undefined = undefined;
  /** Set for good once the tree cannot be told. */
  isTreeUnknown = false;
  /** Name of the segment that the lines come from; undefined for the journal file. */
  segment: string | undefined = undefined;
  frontier: Frontier = new Frontier();
  /** Leaf hash of the last line; undefined for an empty journal. */
  head: Buffer | undefined = undefined;
  /** After a line that could not be read, the next sequence is taken as it comes. */
  #isSequenceUnknown = false;
  #isLastAnEvent = false;
  #lastSegment: string | undefined = undefined;
  readonly #report: Report;
  readonly #links: LinkChecker;

  constructor(report: Report) {
    this.#report = report;
    this.#links = new LinkChecker(report);
  }

  /** Takes in one line (without LF). Problems go to the report; the record comes back when the line could be read. */
  add(line: Buffer, byteOffset: number): JournalRecord | undefined {
    const below =
      this.lines === 0
        ? undefined
        : {
            line: this.lines,
            byteOffset: this.lastLineOffset,
            sequence: this.#isLastAnEvent ? this.lastSequence : undefined,
            segment: this.#lastSegment,
          };
    this.lines += 1;
    const hashBelow = this.head?.toString('hex');
    const parsed = parseRecord(line, hashBelow);
    const record = isFault(parsed) ? undefined : parsed;
    const sequence = record?.recordType === 'event' ? record.event.sequence : undefined;
    const witness = record?.recordType === 'checkpoint' ? record.checkpoint.head : undefined;
    this.#links.next(
      { line: this.lines, byteOffset, sequence, segment: this.segment },
      below,
      record?.prev,
      hashBelow,
      witness,
    );
    if (isFault(parsed)) {
      this.#problem(parsed.fault, byteOffset, `line ${this.lines} ${parsed.reason}`);
      this.#isSequenceUnknown = true;
    } else {
      this.#check(parsed, byteOffset);
      if (parsed.recordType === 'checkpoint' && parsed.checkpoint.tree_size !== undefined) {
        this.lastRooted = { lines: this.lines, endOffset: byteOffset + line.length + 1 };
      }
    }
    // The tree of a checkpoint ends before its own line, so the leaf is added last.
    const leaf = record === undefined ? leafHash(line) : leafHashOfText(record.text);
    this.#addLeaf(leaf, record?.prev !== undefined);
    this.lastLineOffset = byteOffset;
    this.#lastSegment = this.segment;
    this.#isLastAnEvent = sequence !== undefined;
    return record;
  }

  /**
   * Takes in a header or checkpoint that stands in the file, while the lines before it are gone: it is held to the checkpoint
   * before it, and not to the tree.
   */
  addKept(line: Buffer, byteOffset: number): JournalRecord | undefined {
    const record = parseRecord(line);
    if (isFault(record)) {
      this.#problem(record.fault, byteOffset, `the line ${record.reason}`);
      return undefined;
    }
    this.lines = record.recordType === 'checkpoint' ? (record.checkpoint.tree_size ?? this.lines) + 1 : this.lines + 1;
    const wasUnknown = this.isTreeUnknown;
    this.isTreeUnknown = true;
    this.#check(record, byteOffset);
    this.isTreeUnknown = wasUnknown;
    this.#isSequenceUnknown = true;
    return record;
  }

  /** The lines before the next one are gone, and nothing tells their tree: what follows is held to links and numbers alone. */
  loseTree(lastKept: Buffer): void {
    this.isTreeUnknown = true;
    this.head = leafHash(lastKept);
  }

  /**
   * Takes in an event whose line was checked elsewhere: it parses, belongs to this session, is no engine event, and its
   * `prev` is the hash of the line before it.
   */
  addCheckedEvent(sequence: number, leaf: Buffer, byteOffset: number): void {
    this.lines += 1;
    this.#links.nextIntact();
    this.#checkSequence(sequence, false, byteOffset);
    this.#addLeaf(leaf, true);
    this.lastLineOffset = byteOffset;
    this.#isLastAnEvent = true;
  }

  /** Takes in an event that this process has just written itself. */
  addOwnEvent(
    event: { readonly sequence: number; readonly leaf: Buffer; readonly isClosing?: boolean | undefined },
    byteOffset: number,
  ): void {
    this.lines += 1;
    if (event.isClosing === true) this.isClosed = true;
    this.lastLineOffset = byteOffset;
    this.#isLastAnEvent = true;
    this.lastSequence = event.sequence;
    if (this.firstSequence === 0) this.firstSequence = event.sequence;
    this.eventCount += 1;
    this.#addLeaf(event.leaf, true);
  }

  /** A line was there but cannot be read or hashed: the next one is not held to it. */
  skipUnreadable(byteOffset: number): void {
    this.lines += 1;
    this.lastLineOffset = byteOffset;
    this.#isSequenceUnknown = true;
    this.head = undefined;
  }

  /** Call after the last line. */
  finish(): void {
    this.#links.finish();
    if (this.lines > 0 && this.header === undefined) {
      this.#report({
        kind: 'missing_header',
        line: 1,
        byte_offset: 0,
        meaning: 'the journal has no header: it is not known which session this is',
      });
    }
  }

  /** A copy to build on; problems found by the copy go to `report`. */
  clone(report: Report): SessionLog {
    const copy = new SessionLog(report);
    copy.restore(this, this.frontier.clone(), this.head);
    return copy;
  }

  restore(facts: LogFacts, frontier: Frontier, head: Buffer | undefined): void {
    Object.assign(this, logFacts(facts));
    this.frontier = frontier;
    this.head = head;
    this.#isSequenceUnknown = false;
  }

  #addLeaf(leaf: Buffer, isLinked: boolean): void {
    if (!isLinked && this.frontier.size > 0) this.unlinkedLines += 1;
    this.frontier.append(leaf);
    this.head = leaf;
  }

  #check(record: JournalRecord, byteOffset: number): void {
    if (record.recordType === 'header') this.#checkHeader(record.header, byteOffset);
    else if (this.header === undefined) {
      if (this.lines === 1) this.#problem('missing_header', byteOffset, 'the first line is not the header');
    } else {
      this.#checkIdentity(record.recordType === 'event' ? record.event : record.checkpoint, this.header, byteOffset);
    }
    if (record.recordType === 'event') this.#checkEvent(record.event, byteOffset);
    if (record.recordType === 'checkpoint') this.#checkCheckpoint(record.checkpoint, byteOffset);
  }

  #checkHeader(header: SessionHeader, byteOffset: number): void {
    if (this.header !== undefined || this.lines > 1) {
      this.#problem(
        'duplicate_header',
        byteOffset,
        `line ${this.lines} is a header, but only the first line may be one`,
      );
      return;
    }
    this.header = header;
  }

  #checkIdentity(found: SessionEvent | SessionCheckpoint, header: SessionHeader, byteOffset: number): void {
    if (found.session_id === header.session_id && found.run_id === header.run_id) return;
    this.#problem('identity_mismatch', byteOffset, `line ${this.lines} belongs to another session or run`, {
      expected: `${header.session_id} / ${header.run_id}`,
      found: `${found.session_id} / ${found.run_id}`,
    });
  }

  #checkEvent(event: SessionEvent, byteOffset: number): void {
    this.#checkSequence(event.sequence, isReservedTool(event.tool_name), byteOffset);
    if (event.tool_name === CLOSE_TOOL) this.isClosed = true;
  }

  #checkSequence(sequence: number, isEngineEvent: boolean, byteOffset: number): void {
    const expected = this.lastSequence + 1;
    if (sequence !== expected && !this.#isSequenceUnknown) {
      const meaning = explainSequence(sequence, expected, this.eventCount, this.lastCheckpoint);
      const facts = { sequence, expected: String(expected), found: String(sequence) };
      this.#problem('sequence_mismatch', byteOffset, meaning, facts);
    }
    if (this.isClosed && !isEngineEvent) {
      const meaning = `event ${sequence} stands after the event that closed the session`;
      this.#problem('event_after_close', byteOffset, meaning, { sequence });
    }
    this.#isSequenceUnknown = false;
    this.lastSequence = sequence;
    if (this.firstSequence === 0) this.firstSequence = sequence;
    this.eventCount += 1;
  }

  #checkCheckpoint(checkpoint: SessionCheckpoint, byteOffset: number): void {
    const { checkpoint_index: index, sequence_end: end } = checkpoint;
    const fail = (field: string, expected: string | number, found: string | number | undefined): void =>
      this.#problem(
        'checkpoint_mismatch',
        byteOffset,
        `${field} of checkpoint ${index} is not what the journal gives`,
        {
          expected: String(expected),
          found: String(found),
        },
      );
    for (const { field, expected, found } of checkpointMismatches(checkpoint, this.lastCheckpoint)) {
      fail(field, expected, found);
    }
    this.#checkTree(checkpoint, fail);
    this.#checkCoveredEvents(end, byteOffset);
    this.lastCheckpoint = { index, sequenceEnd: end, digest: checkpoint.checkpoint_digest };
    this.checkpointCount += 1;
  }

  /** Our additive fields: size, root and head of the log before the checkpoint's own line. */
  #checkTree(
    checkpoint: SessionCheckpoint,
    fail: (field: string, expected: string | number, found: string | number) => void,
  ): void {
    if (this.isTreeUnknown) return;
    const { tree_size: size, root_hash: root, head } = checkpoint;
    if (size !== undefined && size !== this.frontier.size) fail('tree_size', this.frontier.size, size);
    if (root !== undefined && root !== this.frontier.root().toString('hex'))
      fail('root_hash', this.frontier.root().toString('hex'), root);
    if (head !== undefined && head !== this.head?.toString('hex')) fail('head', this.head?.toString('hex') ?? '', head);
  }

  /**
   * A checkpoint may cover events that are not in the file: the Go tool's compaction takes out all of them at once. When
   * some are there and the last ones are not, they were deleted (W6).
   */
  #checkCoveredEvents(end: number, byteOffset: number): void {
    if (end <= this.lastSequence) return;
    if (this.eventCount > 0 && !this.#isSequenceUnknown && !this.isTreeUnknown) {
      this.#problem(
        'sequence_mismatch',
        byteOffset,
        `events ${this.lastSequence + 1} to ${end} are sealed by this checkpoint but missing before it`,
        {
          expected: String(end),
          found: String(this.lastSequence),
        },
      );
    }
    this.#isSequenceUnknown = false;
    this.lastSequence = end;
  }

  #problem(kind: ProblemKind, byteOffset: number, meaning: string, facts: Partial<Problem> = {}): void {
    const place = { line: this.lines, byte_offset: byteOffset };
    this.#report({
      kind,
      ...place,
      ...(this.segment === undefined ? {} : { segment: this.segment }),
      ...facts,
      meaning,
    });
  }
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

function explainSequence(
  found: number,
  expected: number,
  eventCount: number,
  last: LastCheckpoint | undefined,
): string {
  if (found > expected) return `events ${expected} to ${found - 1} are missing before this line, or it was moved here`;
  if (found === 1 && eventCount === 0 && last !== undefined) {
    return `the numbering restarted at 1 although events up to ${last.sequenceEnd} are sealed: the Go tool does this when it appends after its own compaction`;
  }
  return `event ${found} stands here for the second time, or was moved behind a later one`;
}
