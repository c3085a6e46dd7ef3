/**
 * A journal file as a writer changes it, under the fence: before a write the file must have the size we know; after it, our
 * bytes must lie where we meant them to. Knows bytes and places, and nothing of what they say.
 */
import { GaitError } from '../errors.js';
import { openJournalFile } from './journal-file.js';
import { errnoOf, ioError, type FileStat, type FileSystem } from './store/index.js';

export class FencedFile {
  /** For reading. */
  readonly descriptor: number;
  readonly #fs: FileSystem;
  readonly #path: string;
  /** What a lost race left of ours behind somebody else's lines. */
  #stray: { readonly bytes: Buffer; readonly from: number } | undefined;

  private constructor(fs: FileSystem, path: string, descriptor: number) {
    this.#fs = fs;
    this.#path = path;
    this.descriptor = descriptor;
  }

  /** Throws as openJournalFile does. */
  static open(fs: FileSystem, path: string): FencedFile {
    return new FencedFile(fs, path, openJournalFile(fs, path, 'append'));
  }

  stat(): FileStat {
    return this.#fs.fstat(this.descriptor);
  }

  close(): void {
    this.#fs.close(this.descriptor);
  }

  /**
   * Appends whole lines with one write.
   *
   * @param bytes end with LF
   * @param start the size that the file must have
   * @throws GaitError DISK_FULL or IO_ERROR with the file as it was; FENCED when somebody else wrote in between: then call
   * `takeBackStray` until it returns true
   */
  write(bytes: Buffer, start: number): void {
    const failure = this.#tryWrite(bytes);
    const size = this.#sizeAfterWrite();
    if (size === start + bytes.length && failure === undefined) return;
    // Whatever the call said, and wherever a lost race put it: only our own bytes may be cut off.
    if (failure !== undefined && this.#isOnlyOurs(start, size, bytes)) {
      if (size > start) this.takeBack(start);
      throw failure.error;
    }
    const landed = bytes.subarray(0, failure?.written ?? bytes.length);
    // Somebody wrote too. When our bytes lie where we meant them to, the other came after us and saw them.
    if (failure === undefined && this.#lastPlaceOf(landed, start, size) === start) return;
    // A copy: the caller may use its buffer again.
    this.#stray = { bytes: Buffer.from(landed), from: start };
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
    if (stray === undefined || stray.bytes.length === 0) return true;
    const { size } = this.stat();
    const place = this.#lastPlaceOf(stray.bytes, stray.from, size);
    if (place !== undefined && place + stray.bytes.length < size) return false;
    if (place !== undefined) this.takeBack(place);
    this.#stray = undefined;
    return true;
  }

  /**
   * Puts everything up to the end of the file on the disk.
   *
   * @param unacknowledged the bytes that this sync was to confirm, if any
   * @returns how far that is
   * @throws GaitError SYNC_FAILED, after taking those bytes back as far as the disk lets us, unless others wrote behind them
   */
  sync(unacknowledged?: { readonly start: number; readonly end: number }): number {
    const fs = this.#fs;
    try {
      // Known before the sync: what somebody else adds while it runs is not covered.
      const end = unacknowledged?.end ?? this.stat().size;
      fs.syncData(this.descriptor);
      return end;
    } catch (error) {
      // Pages that failed to reach the disk may be dropped, yet read back fine: nothing may be built on them. No second
      // sync: it could succeed without having written anything.
      const takenBack = unacknowledged !== undefined && this.#tryTruncate(unacknowledged);
      throw new GaitError('SYNC_FAILED', `the disk did not confirm a write to ${this.#path}`, {
        cause: error,
        details: { path: this.#path, errno: errnoOf(error), taken_back: takenBack },
      });
    }
  }

  /** Bytes that end a line which is there already, on the disk when this returns. @param end size of the file before */
  complete(bytes: Buffer, end: number): void {
    const failure = this.#tryWrite(bytes);
    try {
      if (failure !== undefined) throw failure.error;
      this.#fs.syncData(this.descriptor);
    } catch (error) {
      this.takeBack(end);
      throw ioError(error, 'append to journal', this.#path);
    }
  }

  #tryWrite(bytes: Buffer): { readonly error: GaitError; readonly written: number } | undefined {
    const path = this.#path;
    let written: number;
    try {
      written = this.#fs.write(this.descriptor, bytes, null);
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
      throw new GaitError('HANDLE_POISONED', `nobody knows where a write to ${this.#path} went`, {
        cause: error,
        details: { path: this.#path },
      });
    }
  }

  #isOnlyOurs(start: number, size: number, bytes: Buffer): boolean {
    const length = size - start;
    return length >= 0 && length <= bytes.length && this.bytesAt(start, length).equals(bytes.subarray(0, length));
  }

  /** Offset of the last copy of `bytes` behind `start`: our own, as we wrote at the end. */
  #lastPlaceOf(bytes: Buffer, start: number, size: number): number | undefined {
    const place = this.bytesAt(start, Math.max(size - start, 0)).lastIndexOf(bytes);
    return place === -1 ? undefined : start + place;
  }

  #tryTruncate({ start, end }: { readonly start: number; readonly end: number }): boolean {
    const fs = this.#fs;
    try {
      if (this.stat().size !== end) return false;
      fs.truncate(this.descriptor, start);
      return true;
    } catch {
      // The sync's own failure is reported; the caller learns from `taken_back` that unacknowledged lines are left.
      return false;
    }
  }

  /** Cuts off what lies behind `size`. @throws GaitError HANDLE_POISONED when the disk does not let us */
  takeBack(size: number): void {
    const fs = this.#fs;
    try {
      fs.truncate(this.descriptor, size);
      fs.syncData(this.descriptor);
    } catch (error) {
      throw new GaitError('HANDLE_POISONED', `a failed write to ${this.#path} could not be taken back`, {
        cause: error,
        details: { path: this.#path, byte_offset: size },
      });
    }
  }

  /** Fewer when the file ends before. */
  bytesAt(start: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const count = this.#fs.read(this.descriptor, bytes, done, length - done, start + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }
}
