/**
 * A stretch of a journal, checked as far as it can be without the lines before it: every line parsed, hashed, and compared
 * with the `prev` of the next. A journal's stretches can be checked at the same time; see parallel-scan.ts. Pure.
 */
import { isUtf8 } from 'node:buffer';
import { leafHash } from '../../sign/index.js';
import { isReservedTool } from '../event-fields.js';
import { isFault, parseRecord } from '../record.js';
import { NOT_ORDINARY, OrdinaryEvents, type SessionNames } from './ordinary-event.js';

/** The lines of a stretch, in order. Arrays of the same length, one entry a line, so that they travel between threads cheaply. */
export interface StretchDigest {
  /** Offset of the first line, and of the line after the last. */
  readonly start: number;
  readonly end: number;
  /** Bytes of each line, without LF. */
  readonly lengths: Uint32Array<ArrayBuffer>;
  /** Leaf hashes, 32 bytes each. */
  readonly leaves: Uint8Array<ArrayBuffer>;
  /** Sequence of an ordinary event that is linked to the line before it; 0 for every other line. */
  readonly sequences: Float64Array<ArrayBuffer>;
  /** The other lines as they stand, in order: they are looked at again with the whole log at hand. */
  readonly others: readonly Uint8Array<ArrayBuffer>[];
}

export class StretchBuilder {
  readonly #names: SessionNames;
  readonly #ordinary: OrdinaryEvents;
  readonly #lengths: number[] = [];
  readonly #sequences: number[] = [];
  readonly #leaves: Buffer[] = [];
  readonly #others: Uint8Array<ArrayBuffer>[] = [];

  constructor(names: SessionNames) {
    this.#names = names;
    this.#ordinary = new OrdinaryEvents(names);
  }

  add(line: Buffer): void {
    const sequence = this.#ordinarySequence(line);
    if (sequence === NOT_ORDINARY) this.#others.push(Uint8Array.from(line));
    this.#sequences.push(sequence);
    this.#lengths.push(line.length);
    this.#leaves.push(leafHash(line));
  }

  finish(start: number, end: number): StretchDigest {
    return {
      start,
      end,
      lengths: Uint32Array.from(this.#lengths),
      leaves: Uint8Array.from(Buffer.concat(this.#leaves)),
      sequences: Float64Array.from(this.#sequences),
      others: this.#others,
    };
  }

  #ordinarySequence(line: Buffer): number {
    const below = this.#leaves.at(-1);
    if (below === undefined) return NOT_ORDINARY;
    const sequence = isUtf8(line) ? this.#ordinary.sequenceOf(line, 0, line.length, below, 0) : NOT_ORDINARY;
    return sequence === NOT_ORDINARY ? this.#carefulSequence(line, below.toString('hex')) : sequence;
  }

  /** The same of an event that is written in another way than ours. */
  #carefulSequence(line: Buffer, hashBelow: string): number {
    const record = parseRecord(line, hashBelow);
    if (isFault(record) || record.recordType !== 'event') return NOT_ORDINARY;
    const { event, prev } = record;
    const isOrdinary =
      prev === hashBelow &&
      event.session_id === this.#names.session_id &&
      event.run_id === this.#names.run_id &&
      event.payload === undefined &&
      !isReservedTool(event.tool_name);
    return isOrdinary ? event.sequence : NOT_ORDINARY;
  }
}
