/** Worker thread: checks the stretches of one journal that it is sent. */
import { parentPort, workerData } from 'node:worker_threads';
import { LineSplitter, nodeFileSystem, scanNow } from '../store/index.js';
import type { SessionNames } from './ordinary-event.js';
import { StretchBuilder, type StretchDigest } from './stretch.js';

export interface WorkerSetup {
  readonly path: string;
  readonly names: SessionNames;
}

/** Lines that start at or after `from` and before `to`; both are offsets where a line starts or in the middle of one. */
export interface StretchTask {
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

export interface StretchAnswer {
  readonly id: number;
  readonly digest: StretchDigest;
}

/** Longest stretch that is read beyond `to` at a time to finish the last line. */
const OVERREAD_BYTES = 64 * 1024;

function digest(descriptor: number, { from, to }: StretchTask, names: SessionNames): StretchDigest {
  const builder = new StretchBuilder(names);
  let start = -1;
  let end = to;
  const onLine = (line: Buffer, offset: number): void => {
    // The splitter begins one byte early, so that its first "line" is the rest of one that belongs to the stretch before.
    if (offset === from - 1 || offset >= to) return;
    if (start === -1) start = offset;
    builder.add(line);
    end = offset + line.length + 1;
  };
  const splitter = new LineSplitter(from - 1, onLine, (sizeBytes, offset) => {
    throw new RangeError(`a line of ${sizeBytes} bytes at ${offset}`);
  });
  scanNow(nodeFileSystem, descriptor, splitter, to);
  for (let reached = to; splitter.restBytes > 0 && splitter.position < to;) {
    scanNow(nodeFileSystem, descriptor, splitter, reached + OVERREAD_BYTES);
    const now = splitter.position + splitter.restBytes;
    if (now === reached) break;
    reached = now;
  }
  return builder.finish(start === -1 ? end : start, end);
}

const { path, names } = workerData as WorkerSetup;
const descriptor = nodeFileSystem.open(path, 'read');
parentPort?.on('message', (task: StretchTask) => {
  const done = digest(descriptor, task, names);
  const { lengths, leaves, sequences, others } = done;
  const answer: StretchAnswer = { id: task.id, digest: done };
  parentPort?.postMessage(answer, [
    lengths.buffer,
    leaves.buffer,
    sequences.buffer,
    ...others.map(({ buffer }) => buffer),
  ]);
});
