/**
 * Checks a long journal on several cores. This thread and workers beside it do the work that needs no context, stretch by
 * stretch; what was found is taken into the log here, in the order of the file, so the result is that of a single pass.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { HASH_BYTES, leafHash } from '../../sign/index.js';
import { TurnTaker, type FileSystem } from '../store/index.js';
import type { SessionNames } from '../ordinary-event.js';
import { NOT_KEPT, StretchRing, type StretchRange, type StretchSlot } from './stretch-ring.js';
import type { WorkerSetup } from './stretch-worker.js';
import { StretchChecker } from './stretch.js';

/** How a journal is shared out. */
export interface ParallelLimits {
  /** Below this the threads cost more than they save. */
  readonly fromBytes: number;
  /** Left to the caller at both ends: the header, and the last lines with whatever follows them. */
  readonly marginBytes: number;
  /** Small, so that the event loop turns in between. */
  readonly stretchBytes: number;
  /** Stretches that workers leave to the calling thread, which is at the first of them; with none it only takes in. */
  readonly lead: number;
}

export const PARALLEL_LIMITS: ParallelLimits = {
  fromBytes: 64 * 1024 * 1024,
  marginBytes: 1024 * 1024,
  stretchBytes: 512 * 1024,
  lead: 8,
};
/** Each has a heap of its own, and what they find is taken in by one thread. */
const MAX_WORKERS = 3;
const YOUNG_GENERATION_MB = 2;
/** Longest that this thread waits for a worker before it looks about. */
const WAIT_MS = 2;

export interface ParallelRange extends StretchRange, Pick<ParallelLimits, 'stretchBytes' | 'lead'> {
  readonly fs: FileSystem;
  readonly descriptor: number;
  readonly names: SessionNames;
}

/** Receives the lines in the order of the file. */
export interface LineTaker {
  /** Offset of the first byte that was not taken. */
  offset(): number;
  /** An ordinary event, linked to the line before it. Its leaf hash stands in `leaves` at `at`. @param sizeBytes without LF */
  event(sequence: number, leaves: Buffer, at: number, sizeBytes: number): void;
  /** Any other line. */
  line(line: Buffer, byteOffset: number): void;
  /** Reads and takes the lines from `offset` on that start before `to`. */
  read(to: number): void;
}

/** Whether the platform can start the worker at all: not from TypeScript sources, nor out of some bundles. */
export function canRunWorkers(): boolean {
  return import.meta.url.endsWith('.js') && availableParallelism() > 1;
}

/**
 * Takes in the lines from `range.from` on, where the taker is, that start before `range.to`.
 *
 * @param onStep called after each stretch, and now and then while waiting for one; may throw to stop
 */
export async function scanInParallel(range: ParallelRange, taker: LineTaker, onStep: () => void): Promise<void> {
  const { descriptor, names } = range;
  const plan = StretchRing.plan(range, range.stretchBytes, range.lead);
  const ring = new StretchRing(plan);
  const crew = new Crew();
  try {
    const count = Math.min(availableParallelism() - 1, MAX_WORKERS);
    for (let worker = 0; worker < count; worker += 1) crew.start({ plan, descriptor, names });
    await takeStretches(ring, range, taker, (isWaiting) => {
      crew.check(isWaiting);
      onStep();
    });
  } finally {
    ring.stop();
    await crew.dismiss();
  }
}

/** The workers of one scan. */
class Crew {
  readonly #workers: Worker[] = [];
  #running = 0;
  #failure: Error | undefined;

  start(setup: WorkerSetup): void {
    const worker = new Worker(new URL('./stretch-worker.js', import.meta.url), {
      workerData: setup,
      // A worker keeps nothing: without a limit its heap grows to a size that only delays the collector.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    worker.on('error', (error) => {
      this.#failure = error;
    });
    worker.on('exit', (code) => {
      this.#running -= 1;
      if (code !== 0) this.#failure ??= new Error(`a worker thread ended with ${code}`);
    });
    this.#workers.push(worker);
    this.#running += 1;
  }

  /**
   * @param isWaiting for a stretch that a worker has, or is to have
   * @throws why a worker has ended early, when one has
   */
  check(isWaiting: boolean): void {
    if (this.#failure !== undefined) throw this.#failure;
    // One that is ended while it starts says nothing of it.
    if (isWaiting && this.#running === 0) throw new Error('no worker thread is left');
  }

  /** No worker reads the file any more when this resolves. */
  async dismiss(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/**
 * The part of it that this thread has.
 *
 * @param onStep called after each stretch, and now and then while waiting for one that another thread has; may throw to stop
 */
export async function takeStretches(
  ring: StretchRing,
  { fs, descriptor, names, lead }: Omit<ParallelRange, keyof StretchRange | 'stretchBytes'>,
  taker: LineTaker,
  onStep: (isWaiting: boolean) => void,
): Promise<void> {
  const checker = new StretchChecker(fs, descriptor, names);
  const turns = new TurnTaker();
  for (let id = 0; id < ring.count;) {
    const { to } = ring.rangeOf(id);
    const isMine = lead > 0 && ring.claim(id);
    let isWaiting = false;
    if (isMine || ring.isDone(id)) {
      if (isMine || !isTaken(ring.slotOf(id), fs, descriptor, taker)) taker.read(to);
      ring.release(id);
      id += 1;
    } else {
      // A worker is at it.
      const ahead = lead > 0 ? ring.claimFrom(id + 1) : undefined;
      if (ahead === undefined) {
        ring.waitFor(id, WAIT_MS);
        isWaiting = true;
      } else {
        checker.check(ring.rangeOf(ahead), ring.slotOf(ahead));
        ring.publish(ahead);
      }
    }
    await turns.rest();
    onStep(isWaiting && !ring.isDone(id));
  }
}

/** Whether all lines of a slot were taken. If not, those from the taker's offset on are to be read again. */
function isTaken(slot: StretchSlot, fs: FileSystem, descriptor: number, taker: LineTaker): boolean {
  const { lines, sequences, leaves, lengths } = slot;
  if (lines === NOT_KEPT) return false;
  // Not so when the file was changed between the two readings.
  if (lines > 0 && slot.start !== taker.offset()) return false;
  for (let line = 0; line < lines; line += 1) {
    const sequence = sequences[line] ?? 0;
    const sizeBytes = lengths[line] ?? 0;
    if (sequence > 0) taker.event(sequence, leaves, line * HASH_BYTES, sizeBytes);
    else {
      const bytes = Buffer.alloc(sizeBytes);
      const byteOffset = taker.offset();
      fs.read(descriptor, bytes, 0, sizeBytes, byteOffset);
      // The next line was held to this hash, so these have to be the very bytes that it was made of.
      const found = leafHash(bytes);
      if (found.compare(leaves, line * HASH_BYTES, (line + 1) * HASH_BYTES) !== 0) return false;
      taker.line(bytes, byteOffset);
    }
  }
  return true;
}
