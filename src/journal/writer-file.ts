/**
 * The file under a writer and what it adds up to: catches up with what others wrote, recovers the tail, writes a commit.
 *
 * Every method is called under the writer lock.
 */
import { GaitError } from '../errors.js';
import { FencedFile } from './fenced-file.js';
import { corrupt, lineFeeder, loadState, notFound, tooLong, truncated } from './journal-file.js';
import { judgeTail, keepTornBytes, owedRepair, type TornTail } from './recovery.js';
import { leafHash } from '../sign/index.js';
import type { SessionLog } from './session-log.js';
import type { SessionState } from './session-state.js';
import type { World } from './settings.js';
import { errnoOf, ioError, MAX_READ_LINE_BYTES, scanNow, type FileStat, type JournalPaths } from './store/index.js';

const LF = Buffer.from('\n');

export class WriterFile {
  readonly #world: World;
  readonly #paths: JournalPaths;
  #file: FencedFile;
  /** Which file that is. */
  #identity: Pick<FileStat, 'ino' | 'dev'>;
  #state: SessionState;
  /** Set while the state may not match the file, after an error half way through reading. */
  #isStateDoubtful = false;
  /** Set while the journal may end where the event of a repair is owed. */
  #mayOweRepair = true;
  /** How far the state reached before anything was read ahead, if anything was. */
  #beforeAhead: Reach | undefined;
  /** Set while the state holds lines that were read without the lock: a writer whose sync fails takes its lines back. */
  #isUnproven = true;

  private constructor(world: World, paths: JournalPaths, { file, state, identity }: Loaded) {
    this.#world = world;
    this.#paths = paths;
    this.#file = file;
    this.#identity = identity;
    this.#state = state;
  }

  /** Reads the journal without a lock. Throws as openJournalFile and loadState do. */
  static async open(world: World, paths: JournalPaths): Promise<WriterFile> {
    return new WriterFile(world, paths, await load(world, paths));
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Whether the state holds lines that were read ahead of the lock. */
  get isAhead(): boolean {
    return this.#beforeAhead !== undefined;
  }

  stat(): FileStat {
    return this.#file.stat();
  }

  /**
   * Takes in what others have written so far, while the lock is still theirs: so much less is left to do under it. Whatever is
   * wrong with it is found by the next `catchUp`, which asks for the last line again.
   */
  readAhead(): void {
    if (this.#isStateDoubtful) return;
    try {
      const { size } = this.stat();
      if (size <= this.#state.offset) return;
      this.#beforeAhead ??= reachOf(this.#state);
      this.#isUnproven = true;
      this.#take(size);
    } catch {
      this.#isStateDoubtful = true;
    }
  }

  /**
   * Brings the state up to the end of the file and makes the file end with a line feed.
   *
   * @returns what was cut off and is not told of in the journal yet, if anything
   * @throws GaitError JOURNAL_CORRUPT, JOURNAL_TRUNCATED, JOURNAL_NOT_FOUND, IO_ERROR, DISK_FULL
   */
  async catchUp(): Promise<TornTail | undefined> {
    const onDisk = this.#lookAtPath();
    let { size } = onDisk;
    const isOther = onDisk.ino !== this.#identity.ino || onDisk.dev !== this.#identity.dev;
    const known = this.#beforeAhead ?? reachOf(this.#state);
    if (!isOther && size < known.offset) {
      throw truncated(this.#paths.journal, { expected_bytes: known.offset, found_bytes: size });
    }
    if (isOther || this.#isStateDoubtful || !this.#stillStands(size)) {
      await this.#reload(known);
      ({ size } = this.stat());
    }
    this.#isUnproven = false;
    this.#beforeAhead = undefined;
    const torn = size === this.#state.offset ? undefined : this.#read(size);
    return torn === undefined && this.#mayOweRepair ? this.#owedRepair() : torn;
  }

  /** Appends whole lines behind what the state knows. As {@link FencedFile.write}. */
  write(bytes: Buffer): void {
    this.#file.write(bytes, this.#state.offset);
  }

  /** As {@link FencedFile.takeBackStray}. */
  takeBackStray(): boolean {
    return this.#file.takeBackStray();
  }

  /** As {@link FencedFile.sync}. */
  sync(unacknowledged?: { readonly start: number; readonly end: number }): void {
    this.#state.durableOffset = this.#file.sync(unacknowledged);
  }

  close(): void {
    this.#file.close();
  }

  #lookAtPath(): FileStat {
    try {
      return this.#world.fs.stat(this.#paths.journal);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw notFound(this.#paths.journal, error);
      throw ioError(error, 'look at journal', this.#paths.journal);
    }
  }

  /** Whether the last line of the state is in the file: those before it are then, too, by their links. */
  #stillStands(size: number): boolean {
    const { offset, lastLineBytes, log } = this.#state;
    if (!this.#isUnproven || log.head === undefined) return true;
    if (size < offset) return false;
    const line = this.#file.bytesAt(offset - lastLineBytes - 1, lastLineBytes + 1);
    return line.at(-1) === LF[0] && leafHash(line.subarray(0, -1)).equals(log.head);
  }

  /** Another file is at the path now (a compaction), or our picture of this one is in doubt. */
  async #reload({ sequence }: Reach): Promise<void> {
    const before = { header: this.#state.log.header, lastSequence: sequence };
    const { file, state, identity } = await load(this.#world, this.#paths, (now) =>
      refuseOtherSession(now, before, this.#paths.journal),
    );
    const old = this.#file;
    this.#file = file;
    this.#identity = identity;
    this.#state = state;
    this.#isStateDoubtful = false;
    // Last: a close that fails has closed all the same, and must not be made a second time.
    old.close();
  }

  #read(size: number): TornTail | undefined {
    this.#isStateDoubtful = true;
    let restBytes: number;
    try {
      restBytes = this.#take(size);
    } catch (error) {
      throw ioError(error, 'read journal', this.#paths.journal);
    }
    const torn = restBytes === 0 ? undefined : this.#recover(restBytes);
    this.#isStateDoubtful = false;
    return torn;
  }

  /** @returns how many bytes are left that are no whole line */
  #take(size: number): number {
    const feeder = lineFeeder(this.#state, this.#paths.journal);
    scanNow(this.#world.fs, this.#file.descriptor, feeder, size);
    this.#state.log.finish();
    return feeder.restBytes;
  }

  #recover(sizeBytes: number): TornTail | undefined {
    const start = this.#state.offset;
    // No crash of a writer leaves so much of one line; reading it at once could take all memory.
    if (sizeBytes > MAX_READ_LINE_BYTES) throw tooLong(this.#paths.journal, start, sizeBytes);
    const tail = this.#file.bytesAt(start, sizeBytes);
    const verdict = judgeTail(this.#state, tail);
    switch (verdict.action) {
      case 'refuse':
        throw corrupt(verdict.problem, this.#paths.journal);
      case 'complete':
        // write() expects the state to end where the file does, which it will once the line feed is there.
        this.#file.complete(LF, start + sizeBytes);
        this.#state.add(tail, start);
        return undefined;
      case 'cut':
        keepTornBytes(this.#world, this.#paths, start, tail, verdict.sha256);
        this.#mayOweRepair = true;
        this.#file.takeBack(start);
        return { sizeBytes, sha256: verdict.sha256, byteOffset: start };
    }
  }

  #owedRepair(): TornTail | undefined {
    try {
      const owed = owedRepair(this.#world, this.#paths, this.#state.offset);
      // Asked again at the next commit, in case the event cannot be written now.
      this.#mayOweRepair = owed !== undefined;
      return owed;
    } catch (error) {
      throw ioError(error, 'look for the repairs of', this.#paths.journal);
    }
  }
}

interface Reach {
  readonly offset: number;
  readonly sequence: number;
}

function reachOf({ offset, log }: SessionState): Reach {
  return { offset, sequence: log.lastSequence };
}

interface Loaded {
  readonly file: FencedFile;
  readonly state: SessionState;
  readonly identity: FileStat;
}

/** Opens and reads what is at the path; closes it again when that fails, or `judge` throws. */
async function load(world: World, paths: JournalPaths, judge?: (state: SessionState) => void): Promise<Loaded> {
  const file = FencedFile.open(world.fs, paths.journal);
  try {
    const state = await loadState(world, paths, file.descriptor);
    judge?.(state);
    return { file, state, identity: file.stat() };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** A file that took the journal's place must be the same log, at least as long. */
function refuseOtherSession(
  now: SessionState,
  { header: was, lastSequence }: Pick<SessionLog, 'header' | 'lastSequence'>,
  path: string,
): void {
  const is = now.log.header;
  if (is === undefined || is.session_id !== was?.session_id || is.run_id !== was.run_id) {
    throw new GaitError('SESSION_MISMATCH', `${path} holds another session now`, {
      details: { path, expected: was?.session_id, found: is?.session_id },
    });
  }
  if (now.log.lastSequence < lastSequence) {
    throw truncated(path, { expected_sequence: lastSequence, found_sequence: now.log.lastSequence });
  }
}
