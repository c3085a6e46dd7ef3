/**
 * The file under a writer: catches up with what others wrote, recovers the tail, writes a commit.
 *
 * Every method is called under the writer lock. The fence: before a write the file must be the one we know, with the size
 * we know; after it, our bytes must lie where we meant them to.
 */
import { GaitError } from '../errors.js';
import { corrupt, lineFeeder, loadState, notFound, openJournalFile, tooLong, truncated } from './journal-file.js';
import { judgeTail, keepTornBytes, owedRepair, type TornTail } from './recovery.js';
import type { SessionState } from './session-state.js';
import type { World } from './settings.js';
import { errnoOf, ioError, MAX_READ_LINE_BYTES, scanNow, type FileStat, type JournalPaths } from './store/index.js';

const LF = Buffer.from('\n');

export class WriterFile {
  readonly #world: World;
  readonly #paths: JournalPaths;
  #descriptor: number;
  /** Which file the descriptor is of. */
  #identity: Pick<FileStat, 'ino' | 'dev'>;
  #state: SessionState;
  /** Set while the state may not match the file, after an error half way through reading. */
  #isStateDoubtful = false;
  /** Set while the journal may end where the event of a repair is owed. */
  #mayOweRepair = true;
  /** What a lost race left of ours behind somebody else's lines. */
  #stray: Buffer | undefined;

  private constructor(world: World, paths: JournalPaths, descriptor: number, state: SessionState) {
    this.#world = world;
    this.#paths = paths;
    this.#descriptor = descriptor;
    this.#identity = world.fs.fstat(descriptor);
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
   * @returns what was cut off and is not told of in the journal yet, if anything
   * @throws GaitError JOURNAL_CORRUPT, JOURNAL_TRUNCATED, JOURNAL_NOT_FOUND, IO_ERROR, DISK_FULL
   */
  async catchUp(): Promise<TornTail | undefined> {
    const onDisk = this.#lookAtPath();
    let { size } = onDisk;
    if (this.#isStateDoubtful || onDisk.ino !== this.#identity.ino || onDisk.dev !== this.#identity.dev) {
      await this.#reload();
      ({ size } = this.stat());
    }
    if (size < this.#state.offset) {
      throw truncated(this.#paths.journal, { expected_bytes: this.#state.offset, found_bytes: size });
    }
    const torn = size === this.#state.offset ? undefined : this.#read(size);
    return torn === undefined && this.#mayOweRepair ? this.#owedRepair() : torn;
  }

  /**
   * Appends whole lines with one write.
   *
   * @param bytes end with LF
   * @throws GaitError DISK_FULL or IO_ERROR with the file as it was; FENCED when somebody else wrote in between: then call
   * `takeBackStray` until it returns true
   */
  write(bytes: Buffer): void {
    const start = this.#state.offset;
    const failure = this.#tryWrite(bytes);
    const size = this.#sizeAfterWrite();
    if (size === start + bytes.length && failure === undefined) return;
    // Whatever the call said, and wherever a lost race put it: only our own bytes may be cut off.
    if (failure !== undefined && this.#isOnlyOurs(start, size, bytes)) {
      if (size > start) this.#takeBack(start);
      throw failure.error;
    }
    const landed = bytes.subarray(0, failure?.written ?? bytes.length);
    // Somebody wrote too. When our bytes lie where we meant them to, the other came after us and saw them.
    if (failure === undefined && this.#lastPlaceOf(landed, size) === start) return;
    this.#stray = landed;
    throw new GaitError('FENCED', 'another writer appended at the same time', { cause: failure?.error });
  }

  /**
   * After FENCED: removes our bytes, which nobody was told of. False while somebody else's bytes lie behind them.
   *
   * No lock is needed, and whoever took ours may hold his for long. Lines behind a stray one are never acknowledged: who
   * saw it before writing refuses the journal, and who did not is fenced, and takes his own back first. So what is cut
   * off here is ours alone, as long as it is the end of the file.
   */
  takeBackStray(): boolean {
    const stray = this.#stray;
    if (stray === undefined || stray.length === 0) return true;
    const { size } = this.stat();
    const place = this.#lastPlaceOf(stray, size);
    if (place !== undefined && place + stray.length < size) return false;
    if (place !== undefined) this.#takeBack(place);
    this.#stray = undefined;
    return true;
  }

  /**
   * Puts everything up to the end of the file on the disk.
   *
   * @param unacknowledged the bytes that this sync was to confirm, if any
   * @throws GaitError SYNC_FAILED, after taking those bytes back as far as the disk lets us, unless others wrote behind them
   */
  sync(unacknowledged?: { readonly start: number; readonly end: number }): void {
    const { fs } = this.#world;
    try {
      // Known before the sync: what somebody else adds while it runs is not covered.
      const end = unacknowledged?.end ?? this.stat().size;
      fs.syncData(this.#descriptor);
      this.#state.durableOffset = end;
    } catch (error) {
      // Pages that failed to reach the disk may be dropped, yet read back fine: nothing may be built on them. No second
      // sync: it could succeed without having written anything.
      const takenBack = unacknowledged !== undefined && this.#tryTruncate(unacknowledged);
      throw new GaitError('SYNC_FAILED', `the disk did not confirm a write to ${this.#paths.journal}`, {
        cause: error,
        details: { path: this.#paths.journal, errno: errnoOf(error), taken_back: takenBack },
      });
    }
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
    let identity: FileStat;
    try {
      state = await loadState(this.#world, this.#paths, descriptor);
      refuseOtherSession(state, this.#state, this.#paths.journal);
      identity = fs.fstat(descriptor);
    } catch (error) {
      fs.close(descriptor);
      throw error;
    }
    const old = this.#descriptor;
    this.#descriptor = descriptor;
    this.#identity = identity;
    this.#state = state;
    this.#isStateDoubtful = false;
    // Last: a close that fails has closed all the same, and must not be made a second time.
    fs.close(old);
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
    // No crash of a writer leaves so much of one line; reading it at once could take all memory.
    if (sizeBytes > MAX_READ_LINE_BYTES) throw tooLong(this.#paths.journal, start, sizeBytes);
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
        this.#mayOweRepair = true;
        this.#takeBack(start);
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

  /** @param end size of the file before */
  #append(bytes: Buffer, end: number): void {
    const failure = this.#tryWrite(bytes);
    try {
      if (failure !== undefined) throw failure.error;
      this.#world.fs.syncData(this.#descriptor);
    } catch (error) {
      this.#takeBack(end);
      throw ioError(error, 'append to journal', this.#paths.journal);
    }
  }

  #tryWrite(bytes: Buffer): { readonly error: GaitError; readonly written: number } | undefined {
    const path = this.#paths.journal;
    let written: number;
    try {
      written = this.#world.fs.write(this.#descriptor, bytes, null);
    } catch (error) {
      return { error: ioError(error, 'append to journal', path), written: 0 };
    }
    if (written === bytes.length) return undefined;
    const error = new GaitError('DISK_FULL', `only ${written} of ${bytes.length} bytes fitted into ${path}`, {
      details: { path, written, wanted: bytes.length },
    });
    return { error, written };
  }

  #sizeAfterWrite(): number {
    try {
      return this.stat().size;
    } catch (error) {
      throw new GaitError('HANDLE_POISONED', `nobody knows where a write to ${this.#paths.journal} went`, {
        cause: error,
        details: { path: this.#paths.journal },
      });
    }
  }

  #isOnlyOurs(start: number, size: number, bytes: Buffer): boolean {
    const length = size - start;
    return length >= 0 && length <= bytes.length && this.#bytesAt(start, length).equals(bytes.subarray(0, length));
  }

  /** Offset of the last copy of `bytes` behind what the state knows: our own, as we wrote at the end. */
  #lastPlaceOf(bytes: Buffer, size: number): number | undefined {
    const start = this.#state.offset;
    const place = this.#bytesAt(start, Math.max(size - start, 0)).lastIndexOf(bytes);
    return place === -1 ? undefined : start + place;
  }

  #tryTruncate({ start, end }: { readonly start: number; readonly end: number }): boolean {
    const { fs } = this.#world;
    try {
      if (this.stat().size !== end) return false;
      fs.truncate(this.#descriptor, start);
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
