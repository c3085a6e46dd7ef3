/** Text put aside on the disk, to be read back once its digest is known. Not durable; gone when it is removed. */
import { FILE_MODE, type FileSystem } from './file-system.js';
import { writeFully } from './atomic-file.js';
import { rangeChunks } from './file-range.js';

const BUFFER_BYTES = 64 * 1024;

export class SpoolFile {
  sizeBytes = 0;
  readonly #fs: FileSystem;
  readonly #path: string;
  /** Undefined between the writing and the reading. */
  #descriptor: number | undefined;
  #isReading = false;
  #buffered: Buffer[] = [];
  #bufferedBytes = 0;

  /** Throws the file system's own errors, as all methods do; the path must be free. */
  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.#path = path;
    this.#descriptor = fs.open(path, 'create', FILE_MODE);
  }

  append(bytes: Buffer): void {
    this.#buffered.push(bytes);
    this.#bufferedBytes += bytes.length;
    this.sizeBytes += bytes.length;
    if (this.#bufferedBytes >= BUFFER_BYTES) this.#flush();
  }

  /** Ends the writing; may be read several times. */
  read(): Generator<Buffer> {
    if (!this.#isReading) {
      this.#flush();
      this.#close();
      this.#isReading = true;
    }
    const descriptor = (this.#descriptor ??= this.#fs.open(this.#path, 'read'));
    return rangeChunks(this.#fs, descriptor, 0, this.sizeBytes);
  }

  /** The name goes also when the close fails. */
  remove(): void {
    try {
      this.#close();
    } finally {
      this.#fs.unlink(this.#path);
    }
  }

  #close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    this.#fs.close(descriptor);
  }

  #flush(): void {
    if (this.#descriptor === undefined || this.#bufferedBytes === 0) return;
    const bytes = Buffer.concat(this.#buffered);
    const start = this.sizeBytes - this.#bufferedBytes;
    this.#buffered = [];
    this.#bufferedBytes = 0;
    writeFully(this.#fs, this.#descriptor, bytes, start);
  }
}
