/**
 * Checks a long journal on several cores. Worker threads do the work that needs no context, stretch by stretch; what they
 * found is taken into the log here, in the order of the file, so the result is that of a single pass.
 */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { HASH_BYTES } from '../../sign/index.js';
import type { SessionNames } from './ordinary-event.js';
import type { StretchDigest } from './stretch.js';
import type { StretchAnswer, StretchTask, WorkerSetup } from './stretch-worker.js';

/** How a journal is shared out. */
export interface ParallelLimits {
  /** Below this the threads cost more than they save. */
  readonly fromBytes: number;
  /** Left to the caller at both ends: the header, and the last lines with whatever follows them. */
  readonly marginBytes: number;
  /** Small, so that what travels between the threads dies young. */
  readonly stretchBytes: number;
}

export const PARALLEL_LIMITS: ParallelLimits = {
  fromBytes: 64 * 1024 * 1024,
  marginBytes: 1024 * 1024,
  stretchBytes: 512 * 1024,
};
/** Stretches that may be under way for each worker: bounds the memory. */
const AHEAD = 2;
const MAX_WORKERS = 4;
const YOUNG_GENERATION_MB = 4;

export interface ParallelRange {
  readonly path: string;
  readonly names: SessionNames;
  /** Both at the start of a line, or at the end of the file. */
  readonly from: number;
  readonly to: number;
  readonly stretchBytes: number;
}

/** Receives the lines in the order of the file. */
export interface LineTaker {
  /** An ordinary event, linked to the line before it. @param nextOffset of the line after it */
  event(sequence: number, leaf: Buffer, byteOffset: number, nextOffset: number): void;
  /** Any other line. */
  line(line: Buffer, byteOffset: number): void;
}

/** Whether the platform can start the worker at all: not from TypeScript sources, nor out of some bundles. */
export function canRunWorkers(): boolean {
  return import.meta.url.endsWith('.js') && availableParallelism() > 1;
}

/**
 * @param onStretch called after each stretch with the offset reached; may throw to stop
 * @returns offset of the first byte that was not taken
 */
export async function scanInParallel(
  range: ParallelRange,
  taker: LineTaker,
  onStretch: (position: number) => void,
): Promise<number> {
  const setup: WorkerSetup = { path: range.path, names: range.names };
  const workers = Array.from({ length: Math.min(availableParallelism(), MAX_WORKERS) }, () => startWorker(setup));
  try {
    return await takeStretches(range, workers, taker, onStretch);
  } finally {
    await Promise.all(workers.map(({ worker }) => worker.terminate()));
  }
}

interface Running {
  readonly worker: Worker;
  readonly answers: Map<number, StretchDigest>;
  failure: Error | undefined;
}

function startWorker(setup: WorkerSetup): Running {
  const running: Running = {
    worker: new Worker(new URL('./stretch-worker.js', import.meta.url), {
      workerData: setup,
      // A worker keeps nothing: without a limit its heap grows to a size that only delays the collector.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    }),
    answers: new Map(),
    failure: undefined,
  };
  running.worker.on('message', ({ id, digest }: StretchAnswer) => running.answers.set(id, digest));
  running.worker.on('error', (error) => {
    running.failure = error;
  });
  return running;
}

async function takeStretches(
  range: ParallelRange,
  workers: readonly Running[],
  taker: LineTaker,
  onStretch: (position: number) => void,
): Promise<number> {
  const count = Math.ceil((range.to - range.from) / range.stretchBytes);
  const send = (id: number): void => {
    if (id >= count) return;
    const from = range.from + id * range.stretchBytes;
    const task: StretchTask = { id, from, to: Math.min(from + range.stretchBytes, range.to) };
    workers[id % workers.length]?.worker.postMessage(task);
  };
  for (let id = 0; id < workers.length * AHEAD; id += 1) send(id);
  let position = range.from;
  for (let id = 0; id < count; id += 1) {
    const digest = await answerTo(id, workers[id % workers.length]);
    send(id + workers.length * AHEAD);
    if (digest.lengths.length > 0) position = take(digest, taker);
    onStretch(position);
  }
  return position;
}

async function answerTo(id: number, running: Running | undefined): Promise<StretchDigest> {
  if (running === undefined) throw new RangeError('no such worker');
  for (;;) {
    const digest = running.answers.get(id);
    if (digest !== undefined) {
      running.answers.delete(id);
      return digest;
    }
    if (running.failure !== undefined) throw running.failure;
    await once(running.worker, 'message');
  }
}

function take({ start, lengths, leaves, sequences, others, end }: StretchDigest, taker: LineTaker): number {
  let byteOffset = start;
  let other = 0;
  for (let at = 0; at < lengths.length; at += 1) {
    const sequence = sequences[at] ?? 0;
    const nextOffset = byteOffset + (lengths[at] ?? 0) + 1;
    if (sequence > 0) {
      // A copy: the log keeps its last leaf, and must not keep the stretch with it.
      const leaf = Buffer.from(leaves.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
      taker.event(sequence, leaf, byteOffset, nextOffset);
    } else {
      taker.line(Buffer.from(others[other] ?? []), byteOffset);
      other += 1;
    }
    byteOffset = nextOffset;
  }
  return end;
}
