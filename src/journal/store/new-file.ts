/** A file of any size that appears at its path whole or not at all, and never replaces what is there. */
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

  /** Throws the file system's own errors, as all methods do. @param nonce makes the temporary name unique */
  constructor(fs: FileSystem, path: string, nonce: string) {
    this.path = path;
    this.#fs = fs;
    this.#temporary = join(dirname(path), `.${basename(path)}.tmp-${nonce}`);
    this.#descriptor = fs.open(this.#temporary, 'create', FILE_MODE);
  }

  write(chunk: Uint8Array): void {
    writeFully(this.#fs, this.#descriptor, chunk, this.sizeBytes);
    this.sizeBytes += chunk.length;
  }

  /** After this the file is at its path, whole and durable. EEXIST, and nothing changed, when something is there. */
  commit(): void {
    this.#fs.sync(this.#descriptor);
    this.#close();
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
