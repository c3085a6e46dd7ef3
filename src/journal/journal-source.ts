/** One journal as its reader has it open: the lines of its segments, then those of the file. */
import { GaitError } from '../errors.js';
import { notFound, openJournalFile, sparseOffset } from './journal-file.js';
import { isFault, parseRecord } from './record.js';
import {
  isPresent,
  LEAVES_SUFFIX,
  linesOf,
  readBase,
  segmentPath,
  segmentsFrom,
  type LogBase,
  type Segment,
} from './segments/index.js';
import type { World } from './settings.js';
import { errnoOf, LineSplitter, scanNow, type JournalPaths } from './store/index.js';
import type { JournalLine } from './answer-types.js';

const CHUNK_BYTES = 256 * 1024;

export class JournalSource {
  readonly #world: World;
  readonly #paths: JournalPaths;
  readonly #fromSequence: number;
  readonly #descriptor: number;
  readonly #splitter: LineSplitter;
  /** Undefined when everything that is wanted is in the file. */
  readonly #base: LogBase | undefined;
  #lines: JournalLine[] = [];
  /** What ends the reading, once the lines before it are taken. */
  #failure: GaitError | undefined;

  /** Throws JOURNAL_NOT_FOUND, SEGMENT_MISSING, IO_ERROR. */
  constructor(world: World, paths: JournalPaths, fromSequence: number) {
    const { fs } = world;
    this.#world = world;
    this.#paths = paths;
    this.#fromSequence = fromSequence;
    this.#descriptor = openJournalFile(fs, paths.journal, 'read');
    const known = fromSequence <= 1 ? 0 : sparseOffset(fs, paths, this.#descriptor, fromSequence);
    try {
      this.#base = known > 0 ? undefined : readBase(fs, paths, this.#descriptor);
    } catch (error) {
      this.close();
      throw error;
    }
    const seal = this.#base?.seal;
    this.#splitter = new LineSplitter(
      seal === undefined ? known : seal.byteOffset + seal.bytes.length + 1,
      (line, byteOffset) => this.#keep(line, byteOffset),
      (sizeBytes, byteOffset) => this.#fail(`has ${sizeBytes} bytes, more than any writer makes`, byteOffset),
    );
  }

  /**
   * The lines that compaction moved out, as far as they are wanted. Of those that were pruned, what stands in the file.
   *
   * @throws GaitError SEGMENT_MISSING, SEGMENT_DAMAGED, JOURNAL_CORRUPT, IO_ERROR; JOURNAL_NOT_FOUND when the session is removed
   * as a whole meanwhile
   */
  *archived(): Generator<JournalLine> {
    if (this.#base === undefined) return;
    const { fs } = this.#world;
    for (const segment of segmentsFrom(this.#base, this.#fromSequence)) {
      if (isPruned(this.#world, this.#paths, segment)) {
        // The journal goes first, then the folder with all segments at once: that is no session with segments pruned.
        if (fs.lstat(this.#paths.journal) === undefined) throw notFound(this.#paths.journal, undefined);
        yield* this.#keptOf(this.#base, segment);
        continue;
      }
      for (const lines of linesOf(fs, this.#paths, segment, this.#fromSequence)) {
        for (const { line, byteOffset } of lines) this.#keep(line, byteOffset, segment.name);
        yield* this.#taken();
      }
    }
  }

  /** The lines of the file's next chunk. Throws JOURNAL_CORRUPT behind the last good line. */
  *take(): Generator<JournalLine> {
    const { fs } = this.#world;
    const end = Math.min(this.#position + CHUNK_BYTES, fs.fstat(this.#descriptor).size);
    scanNow(fs, this.#descriptor, this.#splitter, end);
    yield* this.#taken();
  }

  isAtEnd(): boolean {
    const { size } = this.#world.fs.fstat(this.#descriptor);
    if (size < this.#splitter.position) {
      throw new GaitError('JOURNAL_TRUNCATED', `${this.#paths.journal} became shorter while it was read`, {
        details: { path: this.#paths.journal, expected_bytes: this.#splitter.position, found_bytes: size },
      });
    }
    return size <= this.#position;
  }

  isReplaced(): boolean {
    const { fs } = this.#world;
    try {
      const atPath = fs.stat(this.#paths.journal);
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

  *#taken(): Generator<JournalLine> {
    const lines = this.#lines;
    this.#lines = [];
    yield* lines;
    if (this.#failure !== undefined) throw this.#failure;
  }

  *#keptOf({ prelude, kept }: LogBase, { manifest }: Segment): Generator<JournalLine> {
    if (manifest.leaf_start === 0) this.#keep(prelude.header.bytes, prelude.header.byteOffset);
    for (const { bytes, byteOffset, checkpoint } of kept) {
      const isIn =
        checkpoint.sequence_end >= manifest.first_sequence && checkpoint.checkpoint_index <= manifest.checkpoint_index;
      if (isIn) this.#keep(bytes, byteOffset);
    }
    yield* this.#taken();
  }

  #keep(line: Buffer, byteOffset: number, segment?: string): void {
    if (this.#failure !== undefined) return;
    const parsed = parseRecord(line);
    if (isFault(parsed)) this.#fail(parsed.reason, byteOffset, segment);
    else this.#lines.push(segment === undefined ? { ...parsed, byteOffset } : { ...parsed, byteOffset, segment });
  }

  #fail(reason: string, byteOffset: number, segment?: string): void {
    const path = this.#paths.journal;
    const place =
      segment === undefined ? `the line at byte ${byteOffset}` : `the line at byte ${byteOffset} of segment ${segment}`;
    this.#failure ??= new GaitError('JOURNAL_CORRUPT', `${path}: ${place} ${reason}`, {
      details: { path, byte_offset: byteOffset, ...(segment === undefined ? {} : { segment }) },
    });
  }
}

/** Pruning takes lines and leaf hashes. Lines that are gone alone were lost, and reading them is an error. */
function isPruned({ fs }: World, paths: JournalPaths, segment: Segment): boolean {
  return !isPresent(fs, paths, segment) && fs.lstat(segmentPath(paths, segment.name, LEAVES_SUFFIX)) === undefined;
}
