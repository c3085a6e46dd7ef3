/** What one writer asked of one session and what it was told, on disk before it goes on: it may be killed at any time. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Receipt } from '../../src/index.js';

/** An acknowledged append. `n` counts the writer's events in the session. */
export interface Ack {
  readonly n: number;
  /** The event had been sent before, and that call brought no receipt. */
  readonly isRetry: boolean;
  readonly receipt: Receipt;
}

/** Everything that a writer knows of a session. */
export interface AckHistory {
  /** Events 0 up to, not including, this were sent at least once. */
  readonly issued: number;
  readonly acks: readonly Ack[];
}

type Entry = { readonly issued: number } | Ack;

export class AckLog {
  readonly #descriptor: number;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'a');
  }

  /** Before the first call with an event below `issued`. */
  issue(issued: number): void {
    this.#write({ issued });
  }

  /** After the receipt, and before anything else is done. */
  acknowledge(ack: Ack): void {
    this.#write(ack);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  /** One write, without a sync: what is handed over to the kernel outlives a killed process. */
  #write(entry: Entry): void {
    writeSync(this.#descriptor, `${JSON.stringify(entry)}\n`);
  }
}

/** Reads a log back. A last line that was cut short was not said. */
export function readAcks(path: string): AckHistory {
  const acks: Ack[] = [];
  let issued = 0;
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  for (const line of lines) {
    const entry = JSON.parse(line) as Entry;
    if ('issued' in entry) issued = Math.max(issued, entry.issued);
    else acks.push(entry);
  }
  return { issued, acks };
}

/** Name of a writer's event in a session: unique there, and the key that makes sending it again harmless. */
export function eventId(slot: number, n: number): string {
  return `w${slot}-${n}`;
}
