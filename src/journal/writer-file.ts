/**
 * The file under a writer: catches up with what others wrote, recovers the tail, writes a commit.
 *
 * Every method is called under the writer lock. The fence: before a write the file must be the one we know, with the size
 * we know; after it, our bytes must lie where we meant them to.
 */
import { GaitError } from '../errors.js';
import { corrupt, lineFeeder, loadState, notFound, openJournalFile, truncated } from './journal-file.js';
import { judgeTail, keepTornBytes, type TornTail } from './recovery.js';
import type { SessionState } from './session-state.js';
import type { World } from './settings.js';
import { errnoOf, ioError, scanNow, type FileStat, type JournalPaths } from './store/index.js';

const LF = Buffer.from('\n');

export class WriterFile {
  readonly #world: World;
  readonly #paths: JournalPaths;
  #descriptor: number;
  #state: SessionState;
  /** Set while the state may not match the file, after an error half way through reading. */
  #isStateDoubtful = false;

  private constructor(world: World, paths: JournalPaths, descriptor: number, state: SessionState) {
    this.#world = world;
    this.#paths = paths;
    this.#descriptor = descriptor;
    this.#state = state;
  }

  /** Reads the journal without a lock. Throws as openJournalFile and loadState do. */
  static async open(world: World, paths: JournalPaths): Promise<WriterFile> {
    const descriptor = openJournalFile(world.fs, paths.journal, 'append');
    try {
      return new WriterFile(world, paths, descriptor, await loadState(world, paths, descriptor));
    } catch (error) {
      world.fs.close(descriptor);
      throw error;
    }
  }

  get state(): SessionState {
    return this.#state;
  }

  stat(): FileStat {
    return this.#world.fs.fstat(this.#descriptor);
  }

  /**
   * Brings the state up to the end of the file and makes the file end with a line feed.
   *
   * @returns what had to be cut off, if anything
   * @throws GaitError JOURNAL_CORRUPT, JOURNAL_TRUNCATED, JOURNAL_NOT_FOUND, IO_ERROR, DISK_FULL
   */
  async catchUp(): Promise<TornTail | undefined> {
    const onDisk = this.#lookAtPath();
    const mine = this.stat();
    if (this.#isStateDoubtful || onDisk.ino !== mine.ino || onDisk.dev !== mine.dev) await this.#reload();
    const { size } = this.stat();
    if (size < this.#state.offset) {
      throw truncated(this.#paths.journal, { expected_bytes: this.#state.offset, found_bytes: size });
    }
    if (size === this.#state.offset) return undefined;
    return this.#read(size);
  }

  /**
   * Appends whole lines with one write.
   *
   * @param bytes end with LF
   * @throws GaitError DISK_FULL or IO_ERROR with the file as it was; FENCED when somebody else wrote in between
   */
  write(bytes: Buffer): void {
    const { fs } = this.#world;
    const start = this.#state.offset;
    let written: number;
    try {
      written = fs.write(this.#descriptor, bytes, null);
    } catch (error) {
      this.#takeBack(start);
      throw ioError(error, 'append to journal', this.#paths.journal);
    }
    if (written !== bytes.length) {
      this.#takeBack(start);
      throw new GaitError('DISK_FULL', `only ${written} of ${bytes.length} bytes fitted into ${this.#paths.journal}`, {
        details: { path: this.#paths.journal, written, wanted: bytes.length },
      });
    }
    if (this.stat().size === start + bytes.length) return;
    // Somebody wrote too. When our bytes lie where we meant them to, the other came after us and saw them.
    if (!this.#bytesAt(start, bytes.length).equals(bytes))
      throw new GaitError('FENCED', 'another writer appended at the same time');
  }

  /**
   * Puts everything up to the end of the file on the disk.
   *
   * @param start end of what was acknowledged before
   * @throws GaitError SYNC_FAILED, after taking the bytes from `start` on back as far as the disk lets us
   */
  sync(start: number): void {
    const { fs } = this.#world;
    try {
      fs.syncData(this.#descriptor);
    } catch (error) {
      // Pages that failed to reach the disk may be dropped, yet read back fine: nothing may be built on them. No second
      // sync: it could succeed without having written anything.
      throw new GaitError('SYNC_FAILED', `the disk did not confirm a write to ${this.#paths.journal}`, {
        cause: error,
        details: { path: this.#paths.journal, errno: errnoOf(error), taken_back: this.#tryTruncate(start) },
      });
    }
    this.#state.durableOffset = this.stat().size;
  }

  /** After FENCED, with the lock taken anew: removes our lines if they are still the last ones. */
  removeFenced(bytes: Buffer): boolean {
    this.#isStateDoubtful = true;
    const start = this.stat().size - bytes.length;
    if (start < 0 || !this.#bytesAt(start, bytes.length).equals(bytes)) return false;
    this.#takeBack(start);
    return true;
  }

  close(): void {
    this.#world.fs.close(this.#descriptor);
  }

  #lookAtPath(): FileStat {
    try {
      return this.#world.fs.stat(this.#paths.journal);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') throw notFound(this.#paths.journal, error);
      throw ioError(error, 'look at journal', this.#paths.journal);
    }
  }

  /** Another file is at the path now (a compaction), or our picture of this one is in doubt. */
  async #reload(): Promise<void> {
    const { fs } = this.#world;
    const descriptor = openJournalFile(fs, this.#paths.journal, 'append');
    let state: SessionState;
    try {
      state = await loadState(this.#world, this.#paths, descriptor);
      refuseOtherSession(state, this.#state, this.#paths.journal);
    } catch (error) {
      fs.close(descriptor);
      throw error;
    }
    fs.close(this.#descriptor);
    this.#descriptor = descriptor;
    this.#state = state;
    this.#isStateDoubtful = false;
  }

  #read(size: number): TornTail | undefined {
    this.#isStateDoubtful = true;
    const feeder = lineFeeder(this.#state, this.#paths.journal);
    try {
      scanNow(this.#world.fs, this.#descriptor, feeder, size);
      this.#state.log.finish();
    } catch (error) {
      throw ioError(error, 'read journal', this.#paths.journal);
    }
    const torn = feeder.restBytes === 0 ? undefined : this.#recover(feeder.restBytes);
    this.#isStateDoubtful = false;
    return torn;
  }

  #recover(sizeBytes: number): TornTail | undefined {
    const start = this.#state.offset;
    const tail = this.#bytesAt(start, sizeBytes);
    const verdict = judgeTail(this.#state, tail);
    switch (verdict.action) {
      case 'refuse':
        throw corrupt(verdict.problem, this.#paths.journal);
      case 'complete':
        // write() expects the state to end where the file does, which it will once the line feed is there.
        this.#append(LF, start + sizeBytes);
        this.#state.add(tail, start);
        return undefined;
      case 'cut':
        keepTornBytes(this.#world, this.#paths, start, tail, verdict.sha256);
        this.#takeBack(start);
        return { sizeBytes, sha256: verdict.sha256, byteOffset: start };
    }
  }

  #append(bytes: Buffer, end: number): void {
    const { fs } = this.#world;
    try {
      if (fs.write(this.#descriptor, bytes, null) === bytes.length) {
        fs.syncData(this.#descriptor);
        return;
      }
    } catch (error) {
      this.#takeBack(end);
      throw ioError(error, 'append to journal', this.#paths.journal);
    }
    throw new GaitError('DISK_FULL', `no room for a line feed in ${this.#paths.journal}`);
  }

  #tryTruncate(size: number): boolean {
    try {
      this.#world.fs.truncate(this.#descriptor, size);
      return true;
    } catch {
      // The sync's own failure is reported; the caller learns from `taken_back` that unacknowledged lines are left.
      return false;
    }
  }

  #takeBack(size: number): void {
    const { fs } = this.#world;
    try {
      fs.truncate(this.#descriptor, size);
      fs.syncData(this.#descriptor);
    } catch (error) {
      throw new GaitError('HANDLE_POISONED', `a failed write to ${this.#paths.journal} could not be taken back`, {
        cause: error,
        details: { path: this.#paths.journal, byte_offset: size },
      });
    }
  }

  #bytesAt(start: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const count = this.#world.fs.read(this.#descriptor, bytes, done, length - done, start + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }
}

/** A file that took the journal's place must be the same log, at least as long. */
function refuseOtherSession(now: SessionState, before: SessionState, path: string): void {
  const was = before.log.header;
  const is = now.log.header;
  if (is === undefined || is.session_id !== was?.session_id || is.run_id !== was.run_id) {
    throw new GaitError('SESSION_MISMATCH', `${path} holds another session now`, {
      details: { path, expected: was?.session_id, found: is?.session_id },
    });
  }
  if (now.log.lastSequence < before.log.lastSequence) {
    throw truncated(path, { expected_sequence: before.log.lastSequence, found_sequence: now.log.lastSequence });
  }
}
