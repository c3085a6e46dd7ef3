/** Fills a journal in a process of its own, so that the memory seen is the journal's alone. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** `buffered`: appendAll, 1,000 events a call. `durable`: 64 callers, one event a call. */
export type FillWay = 'buffered' | 'durable';

export interface Filled {
  readonly path: string;
  readonly events: number;
  /** Resident bytes after each hundredth of the events. */
  readonly residentBytes: readonly number[];
}

export interface FillOrder {
  readonly path: string;
  readonly events: number;
  readonly way: FillWay;
}

/** Starts a session at `path` and appends `events` events to it. */
export async function fillJournal(path: string, events: number, way: FillWay): Promise<Filled> {
  const order: FillOrder = { path, events, way };
  const child = fork(fileURLToPath(new URL('./workers/fill.js', import.meta.url)));
  const residentBytes = await new Promise<readonly number[]>((resolve, reject) => {
    child.once('message', (samples) => resolve(samples as readonly number[]));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`filling ${path} ended early: ${code ?? signal}`)));
    child.send(order);
  });
  return { path, events, residentBytes };
}
