/**
 * Memory that threads share while they check one journal: which stretch of it is next, and what was found in those that are under
 * way. Nothing is sent from thread to thread, and nothing is made for a stretch, so that no collector has to run for it.
 *
 * Any thread claims stretches and fills their slots; one takes them out, in order. A slot belongs to the thread that claimed its
 * stretch until that is done, then to the one that takes out, and by its release to whoever claims next.
 */
import { HASH_BYTES } from '../../sign/index.js';

/** How a journal is cut. What a thread needs to take part, too: `memory` is shared, the rest a copy. */
export interface RingPlan {
  readonly memory: SharedArrayBuffer;
  /** Both at the start of a line, or at the end of the file. */
  readonly from: number;
  readonly to: number;
  readonly stretchBytes: number;
  /** Workers stay so many stretches ahead of the thread that takes out: what it finds unclaimed there it reads itself. */
  readonly lead: number;
}

/** Offsets in the file: lines that start at or after `from` and before `to`. Either may be in the middle of a line. */
export interface StretchRange {
  readonly from: number;
  readonly to: number;
}

/** Stretches that may be under way or waiting: bounds the memory. Enough that a thread that is held up does not hold up all. */
const SLOTS = 32;
/** Shorter than any ordinary event: more lines than that are not worth sharing out. */
const LEAST_LINE_BYTES = 128;

/** The words that all threads change, by Atomics alone: how many stretches were taken out, then a word for each slot. */
const TAKEN = 0;
const FIRST_STATE = 1;
const WORDS = FIRST_STATE + SLOTS + 1;
const CONTROL_BYTES = WORDS * Int32Array.BYTES_PER_ELEMENT;

/** The word of a slot is three times the number of the stretch that it is for, and one of these. */
const FREE = 0;
const CLAIMED = 1;
const DONE = 2;
const STATES = 3;

const LINE_BYTES = Float64Array.BYTES_PER_ELEMENT + HASH_BYTES + Uint32Array.BYTES_PER_ELEMENT;
const FACTS = 2;
const FACT_BYTES = FACTS * Float64Array.BYTES_PER_ELEMENT;

/** What {@link StretchSlot.lines} says of a stretch whose lines are not kept: it has to be read by whoever takes it out. */
export const NOT_KEPT = -1;

/** The lines of one stretch, in order. Each array has one entry a line. */
export class StretchSlot {
  /** Sequence of an ordinary event that is linked to the line before it; 0 for every other line. */
  readonly sequences: Float64Array;
  /** Leaf hashes, 32 bytes each. */
  readonly leaves: Buffer;
  /** Bytes without LF. */
  readonly lengths: Uint32Array;
  readonly #facts: Float64Array;

  constructor(memory: SharedArrayBuffer, at: number, capacity: number) {
    this.#facts = new Float64Array(memory, at, FACTS);
    const sequencesAt = at + FACT_BYTES;
    this.sequences = new Float64Array(memory, sequencesAt, capacity);
    const leavesAt = sequencesAt + this.sequences.byteLength;
    this.leaves = Buffer.from(memory, leavesAt, capacity * HASH_BYTES);
    this.lengths = new Uint32Array(memory, leavesAt + this.leaves.length, capacity);
  }

  /** How many lines there are, or NOT_KEPT. */
  get lines(): number {
    return this.#facts[0] ?? NOT_KEPT;
  }

  /** Offset of the first line. */
  get start(): number {
    return this.#facts[1] ?? 0;
  }

  finish(lines: number, start: number): void {
    this.#facts[0] = lines;
    this.#facts[1] = start;
  }
}

export class StretchRing {
  /** Stretches in all. */
  readonly count: number;
  readonly #plan: RingPlan;
  readonly #states: Int32Array;
  readonly #slots: readonly StretchSlot[];

  constructor(plan: RingPlan) {
    this.#plan = plan;
    this.count = Math.ceil(Math.max(plan.to - plan.from, 0) / plan.stretchBytes);
    this.#states = new Int32Array(plan.memory, 0, WORDS);
    const capacity = capacityOf(plan.stretchBytes);
    this.#slots = Array.from(
      { length: SLOTS },
      (_, slot) => new StretchSlot(plan.memory, slotAt(slot, capacity), capacity),
    );
  }

  static plan(range: StretchRange, stretchBytes: number, lead: number): RingPlan {
    const memory = new SharedArrayBuffer(slotAt(SLOTS, capacityOf(stretchBytes)));
    const states = new Int32Array(memory, 0, WORDS);
    for (let id = 0; id < SLOTS; id += 1) states[wordOf(id)] = id * STATES + FREE;
    return { memory, from: range.from, to: range.to, stretchBytes, lead };
  }

  rangeOf(id: number): StretchRange {
    const from = this.#plan.from + id * this.#plan.stretchBytes;
    return { from, to: Math.min(from + this.#plan.stretchBytes, this.#plan.to) };
  }

  slotOf(id: number): StretchSlot {
    const slot = this.#slots[id % SLOTS];
    if (slot === undefined) throw new RangeError('no such stretch');
    return slot;
  }

  /** Makes a stretch this thread's own. @returns whether it was unclaimed, and is near enough to have a slot */
  claim(id: number): boolean {
    const free = id * STATES + FREE;
    return Atomics.compareExchange(this.#states, wordOf(id), free, id * STATES + CLAIMED) === free;
  }

  /** Claims any stretch from `first` on that has a slot; undefined when there is none. */
  claimFrom(first: number): number | undefined {
    const end = Math.min(Atomics.load(this.#states, TAKEN) + SLOTS, this.count);
    for (let id = first; id < end; id += 1) if (this.claim(id)) return id;
    return undefined;
  }

  /** For workers: claims a stretch ahead, and blocks until there is one; undefined when none is left. */
  claimAhead(): number | undefined {
    for (;;) {
      const taken = Atomics.load(this.#states, TAKEN);
      const isLast = taken + SLOTS >= this.count;
      const id = this.claimFrom(taken + this.#plan.lead) ?? (isLast ? this.claimFrom(taken) : undefined);
      if (id !== undefined || isLast) return id;
      Atomics.wait(this.#states, TAKEN, taken);
    }
  }

  /** Its slot is filled. */
  publish(id: number): void {
    Atomics.store(this.#states, wordOf(id), id * STATES + DONE);
    Atomics.notify(this.#states, wordOf(id));
  }

  isDone(id: number): boolean {
    return Atomics.load(this.#states, wordOf(id)) === id * STATES + DONE;
  }

  /** Blocks until a stretch that is left to another thread is done, at most `ms`. */
  waitFor(id: number, ms: number): void {
    const now = Atomics.load(this.#states, wordOf(id));
    if (now !== id * STATES + DONE) Atomics.wait(this.#states, wordOf(id), now, ms);
  }

  /** This stretch, the next in order, was taken out: its slot is free for a later one. */
  release(id: number): void {
    Atomics.store(this.#states, wordOf(id), (id + SLOTS) * STATES + FREE);
    this.#moveTo(id + 1);
  }

  /** Nothing more is to be claimed; who waits for a slot wakes up. */
  stop(): void {
    this.#moveTo(this.count);
  }

  #moveTo(taken: number): void {
    Atomics.store(this.#states, TAKEN, taken);
    Atomics.notify(this.#states, TAKEN);
  }
}

function wordOf(id: number): number {
  return FIRST_STATE + (id % SLOTS);
}

/** Lines that a slot has room for; even, so that what stands behind them is in its place. */
function capacityOf(stretchBytes: number): number {
  return 2 * Math.ceil(stretchBytes / LEAST_LINE_BYTES / 2);
}

function slotAt(slot: number, capacity: number): number {
  return CONTROL_BYTES + slot * (FACT_BYTES + capacity * LINE_BYTES);
}
