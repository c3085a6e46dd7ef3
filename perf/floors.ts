/** What the work cannot do without: bare calls, nothing around them. */
import { hash } from 'node:crypto';
import { closeSync, constants, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { EventInput } from '../src/index.js';

const LF = 0x0a;

/** A file open for appending, as a journal's is. */
export class BareFile {
  readonly #descriptor: number;

  constructor(path: string) {
    const { O_APPEND, O_CREAT, O_RDWR } = constants;
    this.#descriptor = openSync(path, O_RDWR | O_CREAT | O_APPEND, 0o600);
  }

  /** Floor of a durable append: one write and one fdatasync, of a line that is ready. */
  appendDurably(line: Uint8Array): void {
    writeSync(this.#descriptor, line);
    fdatasyncSync(this.#descriptor);
  }

  append(text: string): void {
    writeSync(this.#descriptor, text);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** As many bytes as a journal's line, its line feed included. */
export function lineOf(sizeBytes: number): Uint8Array {
  return Buffer.from(`${'x'.repeat(sizeBytes)}\n`);
}

/**
 * Floor of a buffered append: for each event one JSON.stringify of the whole line's object, with the number and the link
 * changed in place, and one SHA-256 of the text. No checking, no canonical order, no tree, no receipt, no promise.
 */
export class BareChain {
  readonly #line: { event: { sequence: number }; prev: string; record_type: 'event' };

  constructor(event: EventInput) {
    const { created_at: createdAt, ...rest } = event;
    this.#line = {
      event: Object.assign(
        { ...rest, created_at: createdAt },
        {
          producer_version: '0.0.0',
          run_id: 'bench',
          schema_id: 'gait.runpack.session_event',
          schema_version: '1.0.0',
          sequence: 0,
          session_id: 'bench-1',
        },
      ),
      prev: hash('sha256', '', 'hex'),
      record_type: 'event',
    };
  }

  /** The next line, without LF. */
  next(): string {
    this.#line.event.sequence += 1;
    const text = JSON.stringify(this.#line);
    this.#line.prev = hash('sha256', `\0${text}`, 'hex');
    return text;
  }
}

/** Floor of a verification: for each line one JSON.parse and one SHA-256. Neither is looked at. */
export function parseAndHash(line: string): void {
  JSON.parse(line);
  hash('sha256', line, 'hex');
}

/** {@link parseAndHash} of every line of a file, read in pieces, with nothing checked. */
export function parseAndHashFile(path: string): void {
  const descriptor = openSync(path, 'r');
  const chunk = Buffer.allocUnsafe(256 * 1024);
  let rest = 0;
  for (;;) {
    const count = readSync(descriptor, chunk, rest, chunk.length - rest, null);
    if (count === 0) break;
    const end = rest + count;
    let from = 0;
    for (let lf = chunk.indexOf(LF); lf !== -1 && lf < end; lf = chunk.indexOf(LF, from)) {
      parseAndHash(chunk.toString('utf8', from, lf));
      from = lf + 1;
    }
    chunk.copyWithin(0, from, end);
    rest = end - from;
  }
  closeSync(descriptor);
}

/** Floor of writing a runpack: as many bytes hashed, written and synced. */
export function hashAndWrite(bytes: Uint8Array, path: string): void {
  hash('sha256', bytes, 'hex');
  const descriptor = openSync(path, 'w');
  writeSync(descriptor, bytes);
  fdatasyncSync(descriptor);
  closeSync(descriptor);
}
