/** What the work cannot do without: bare calls, nothing around them. */
import { hash } from 'node:crypto';
import { closeSync, constants, fdatasyncSync, openSync, writeSync } from 'node:fs';
import type { EventInput } from '../src/index.js';

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
