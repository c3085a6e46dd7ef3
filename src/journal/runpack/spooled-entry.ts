/** An entry of a runpack that is written before the manifest, which stands before it in the file, can be. */
import { createHash, type Hash } from 'node:crypto';
import { GaitError } from '../../errors.js';
import type { SpoolFile, ZipSource } from '../store/index.js';
import { MAX_ENTRY_BYTES } from './limits.js';

export class SpooledEntry {
  readonly name: string;
  readonly #spool: SpoolFile;
  readonly #hash: Hash = createHash('sha256');

  constructor(name: string, spool: SpoolFile) {
    this.name = name;
    this.#spool = spool;
  }

  /** Throws RUNPACK_TOO_LARGE at the limit, before a byte too many is on the disk. */
  append(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#spool.sizeBytes + bytes.length > MAX_ENTRY_BYTES) {
      throw tooLarge(`its ${this.name} would be longer than ${MAX_ENTRY_BYTES} bytes`);
    }
    this.#hash.update(bytes);
    this.#spool.append(bytes);
  }

  /** Hex SHA-256 of what was appended so far. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  source(): ZipSource {
    return { name: this.name, sizeBytes: this.#spool.sizeBytes, chunks: () => this.#spool.read() };
  }

  remove(): void {
    this.#spool.remove();
  }
}

export function tooLarge(reason: string): GaitError {
  return new GaitError('RUNPACK_TOO_LARGE', `the runpack could not be read back: ${reason}`, {
    details: { reason, limit_bytes: MAX_ENTRY_BYTES },
  });
}
