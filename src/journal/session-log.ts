/**
 * What the lines of a journal add up to, and the rules they must keep (docs/format.md).
 *
 * The writer's catch-up, the cold rebuild and `verify` all feed lines to this one class, so that they cannot disagree.
 */
import { Frontier, leafHash, leafHashOfText } from '../sign/index.js';
import { checkpointMismatches, explainSequence, treeMismatches, type LastCheckpoint } from './checkpoint-rules.js';
import { isReservedTool } from './event-fields.js';
import { LinkChecker } from './link-checker.js';
import { logFacts, NO_ARCHIVE, type Archive, type LogFacts, type RootedCheckpoint } from './log-facts.js';
import { isFault, parseRecord, type JournalRecord } from './record.js';
import type { SessionCheckpoint, SessionEvent, SessionHeader } from './types.js';
import type { Problem, ProblemKind } from './verify-types.js';

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
    this.#lastSegment = this.segment;
    this.#isLastAnEvent = true;
  }

  /** Takes in an event that this process has just written itself. After the last of a commit comes {@link SessionLog.endCommit}. */
  addOwnEvent(sequence: number, leaf: string, isClosing: boolean, byteOffset: number): void {
    this.lines += 1;
    if (isClosing) this.isClosed = true;
    this.lastLineOffset = byteOffset;
    this.#isLastAnEvent = true;
    this.lastSequence = sequence;
    if (this.firstSequence === 0) this.firstSequence = sequence;
    this.eventCount += 1;
    this.frontier.appendHex(leaf);
  }

  /** @param head leaf hash of the last line, 64 hexadecimal digits */
  endCommit(head: string): void {
    this.head = Buffer.from(head, 'hex');
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
    const tree = this.isTreeUnknown ? [] : treeMismatches(checkpoint, this.frontier, this.head);
    for (const { field, expected, found } of [...checkpointMismatches(checkpoint, this.lastCheckpoint), ...tree]) {
      const meaning = `${field} of checkpoint ${index} is not what the journal gives`;
      const facts = { expected: String(expected), found: String(found) };
      this.#problem('checkpoint_mismatch', byteOffset, meaning, facts);
    }
    this.#checkCoveredEvents(end, byteOffset);
    this.lastCheckpoint = { index, sequenceEnd: end, digest: checkpoint.checkpoint_digest };
    this.checkpointCount += 1;
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
