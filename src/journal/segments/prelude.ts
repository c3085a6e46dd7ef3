/**
 * The front of a journal file. After a compaction it is the header and every checkpoint so far, as they were written; the lines
 * between them are in segments. No writer puts two checkpoints behind each other, or one behind the header, as each seals at
 * least one event: so the front says of itself whether lines were taken out, and up to which checkpoint.
 */
import { isFault, parseRecord, type JournalRecord } from '../record.js';
import { ioError, LineSplitter, scanNow, type FileSystem } from '../store/index.js';
import type { SessionCheckpoint, SessionHeader } from '../types.js';

const STEP_BYTES = 8 * 1024;

/** A line that stands in a segment too. */
export interface KeptLine {
  readonly bytes: Buffer;
  readonly byteOffset: number;
}

export interface KeptCheckpoint extends KeptLine {
  readonly checkpoint: SessionCheckpoint;
  readonly note: string | undefined;
  readonly text: string;
}

/** Header, then checkpoints without anything between. */
export interface Prelude {
  readonly header: KeptLine & { readonly header: SessionHeader };
  readonly checkpoints: readonly KeptCheckpoint[];
}

/** Undefined when the file does not begin with a header and a checkpoint: nothing was taken out then. */
export function readPrelude(fs: FileSystem, descriptor: number, path: string): Prelude | undefined {
  const reader = new PreludeReader();
  try {
    const { size } = fs.fstat(descriptor);
    const { splitter } = reader;
    for (let end = 0; !reader.isOver && end < size;) {
      end = Math.min(end + STEP_BYTES, size);
      scanNow(fs, descriptor, splitter, end);
    }
  } catch (error) {
    throw ioError(error, 'read journal', path);
  }
  return reader.prelude;
}

class PreludeReader {
  isOver = false;
  #header: Prelude['header'] | undefined;
  readonly #checkpoints: KeptCheckpoint[] = [];
  readonly splitter: LineSplitter = new LineSplitter(
    0,
    (line, byteOffset) => this.#take(line, byteOffset),
    () => {
      this.isOver = true;
    },
  );

  get prelude(): Prelude | undefined {
    if (this.#header === undefined || this.#checkpoints.length === 0) return undefined;
    return { header: this.#header, checkpoints: this.#checkpoints };
  }

  #take(line: Buffer, byteOffset: number): void {
    if (this.isOver) return;
    const record = parseRecord(line);
    this.isOver = isFault(record) || !this.#keep(record, { bytes: Buffer.from(line), byteOffset });
  }

  #keep(record: JournalRecord, line: KeptLine): boolean {
    if (record.recordType === 'header' && this.#header === undefined) {
      this.#header = { ...line, header: record.header };
      return true;
    }
    if (record.recordType !== 'checkpoint' || this.#header === undefined) return false;
    const { checkpoint, note, text } = record;
    this.#checkpoints.push({ ...line, checkpoint, note, text });
    return true;
  }
}
