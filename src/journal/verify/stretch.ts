/**
 * A stretch of a journal, checked as far as it can be without the lines before it: every line hashed, and held to the hash of the
 * one before. Several threads do so at the same time; see parallel-scan.ts.
 */
import { isUtf8 } from 'node:buffer';
import { HASH_BYTES, leafHash, leafHashInto } from '../../sign/index.js';
import { isReservedTool } from '../event-fields.js';
import { isFault, parseRecord } from '../record.js';
import { finishLine, LineSplitter, MAX_READ_LINE_BYTES, scanNow, type FileSystem } from '../store/index.js';
import { NOT_ORDINARY, OrdinaryEvents, type SessionNames } from '../ordinary-event.js';
import { NOT_KEPT, type StretchRange, type StretchSlot } from './stretch-ring.js';

/** Each of the other lines is read again, and judged, by who takes the stretch out: with more he may as well read all of it. */
const MAX_OTHERS = 64;
const LF = 0x0a;

export class StretchChecker {
  readonly #fs: FileSystem;
  readonly #descriptor: number;
  readonly #names: SessionNames;
  readonly #ordinary: OrdinaryEvents;

  constructor(fs: FileSystem, descriptor: number, names: SessionNames) {
    this.#fs = fs;
    this.#descriptor = descriptor;
    this.#names = names;
    this.#ordinary = new OrdinaryEvents(names);
  }

  /** Fills the slot. */
  check({ from, to }: StretchRange, slot: StretchSlot): void {
    const builder = new SlotBuilder(slot, this.#names, this.#ordinary);
    // The splitter begins one byte early, so that its first "line" is the rest of one that belongs to the stretch before.
    const splitter = new LineSplitter(
      from - 1,
      (line, at) => {
        if (at >= from) builder.addOne(line, at);
      },
      () => builder.giveUp(),
      MAX_READ_LINE_BYTES,
      (bytes, first, end, at) => builder.addMany(bytes, first, end, at),
    );
    scanNow(this.#fs, this.#descriptor, splitter, to);
    if (splitter.position >= from) finishLine(this.#fs, this.#descriptor, splitter);
    builder.finish();
  }
}

class SlotBuilder {
  readonly #slot: StretchSlot;
  readonly #names: SessionNames;
  readonly #ordinary: OrdinaryEvents;
  #lines = 0;
  #others = 0;
  #start = 0;
  #isKept = true;

  constructor(slot: StretchSlot, names: SessionNames, ordinary: OrdinaryEvents) {
    this.#slot = slot;
    this.#names = names;
    this.#ordinary = ordinary;
  }

  giveUp(): void {
    this.#isKept = false;
  }

  addOne(line: Buffer, start: number): void {
    if (this.#lines === 0) this.#start = start;
    this.#add(line, 0, line.length, isUtf8(line));
  }

  addMany(bytes: Buffer, from: number, end: number, start: number): void {
    if (this.#lines === 0) this.#start = start;
    const isText = isUtf8(bytes.subarray(from, end));
    for (let at = from; at < end && this.#isKept;) {
      const lineEnd = bytes.indexOf(LF, at);
      this.#add(bytes, at, lineEnd, isText);
      at = lineEnd + 1;
    }
  }

  finish(): void {
    this.#slot.finish(this.#isKept ? this.#lines : NOT_KEPT, this.#start);
  }

  #add(bytes: Buffer, from: number, end: number, isText: boolean): void {
    const { leaves, lengths, sequences } = this.#slot;
    const line = this.#lines;
    if (line === lengths.length) this.giveUp();
    if (!this.#isKept) return;
    const sequence = line === 0 ? NOT_ORDINARY : this.#sequenceOf(bytes, from, end, isText);
    if (sequence === NOT_ORDINARY && ++this.#others > MAX_OTHERS) this.giveUp();
    sequences[line] = sequence;
    lengths[line] = end - from;
    if (from > 0) leafHashInto(bytes, from, end, leaves, line * HASH_BYTES);
    else leaves.set(leafHash(bytes.subarray(from, end)), line * HASH_BYTES);
    this.#lines += 1;
  }

  #sequenceOf(bytes: Buffer, from: number, end: number, isText: boolean): number {
    const { leaves } = this.#slot;
    const below = (this.#lines - 1) * HASH_BYTES;
    const sequence = isText ? this.#ordinary.sequenceOf(bytes, from, end, leaves, below) : NOT_ORDINARY;
    if (sequence !== NOT_ORDINARY) return sequence;
    return this.#carefulSequence(bytes.subarray(from, end), leaves.toString('hex', below, below + HASH_BYTES));
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
