/** A file of any size that appears at its path whole or not at all. */
import { basename, dirname, join } from 'node:path';
import { placeNewFile, writeFully } from './atomic-file.js';
import { FILE_MODE, type FileSystem } from './file-system.js';

export class NewFile {
  readonly path: string;
  sizeBytes = 0;
  readonly #fs: FileSystem;
  readonly #temporary: string;
  #descriptor: number;
  #state: 'writing' | 'closed' | 'gone' = 'writing';

  /**
   * Throws the file system's own errors, as all methods do.
   *
   * @param nonce makes the temporary name unique
   * @param folder where the temporary file is, on the same disk
   */
  constructor(fs: FileSystem, path: string, nonce: string, folder: string = dirname(path)) {
    this.path = path;
    this.#fs = fs;
    this.#temporary = join(folder, `.${basename(path)}.tmp-${nonce}`);
    this.#descriptor = fs.open(this.#temporary, 'create', FILE_MODE);
  }

  /** Where the content is until it is put in place. */
  get temporaryPath(): string {
    return this.#temporary;
  }

  write(chunk: Uint8Array): void {
    writeFully(this.#fs, this.#descriptor, chunk, this.sizeBytes);
    this.sizeBytes += chunk.length;
  }

  /** Ends the writing: the content is durable under its temporary name. */
  seal(): void {
    if (this.#state !== 'writing') return;
    this.#fs.sync(this.#descriptor);
    this.#close();
  }

  /** Takes the place of what is at `path`, which need not be the one first thought of. The caller syncs the directory. */
  replace(path: string = this.path): void {
    this.seal();
    this.#fs.rename(this.#temporary, path);
    this.#state = 'gone';
  }

  /** After this the file is at its path, whole and durable. EEXIST, and nothing changed, when something is there. */
  commit(): void {
    this.seal();
    // From here on placeNewFile answers for the temporary file, also when it fails.
    this.#state = 'gone';
    placeNewFile(this.#fs, this.#temporary, this.path);
  }

  /** Removes the temporary file; does nothing after a commit. */
  discard(): void {
    if (this.#state === 'writing') this.#close();
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#fs.unlink(this.#temporary);
  }

  #close(): void {
    this.#state = 'closed';
    this.#fs.close(this.#descriptor);
  }
}
