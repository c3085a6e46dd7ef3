/** Fills a journal in a process of its own. */
import { askChild } from './child.js';

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

/** Starts a session at `path` and appends `events` events, a multiple of 100, to it. */
export async function fillJournal(path: string, events: number, way: FillWay): Promise<Filled> {
  const order: FillOrder = { path, events, way };
  const residentBytes = await askChild<readonly number[]>(new URL('./workers/fill.js', import.meta.url), order);
  return { path, events, residentBytes };
}
