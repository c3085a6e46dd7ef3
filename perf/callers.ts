import type { EventInput, Journal } from '../src/index.js';

/** Appends `events` events through `callers` loops, each of which waits for its receipt before it sends the next. */
export async function appendByCallers(
  journal: Journal,
  event: EventInput,
  callers: number,
  events: number,
): Promise<void> {
  let left = events;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await journal.append(event);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

/** Appends `events` events with appendAll, `batch` at a time. */
export async function appendInBatches(
  journal: Journal,
  event: EventInput,
  batch: number,
  events: number,
): Promise<void> {
  for (let done = 0; done < events; done += batch) {
    await journal.appendAll(Array.from({ length: Math.min(batch, events - done) }, () => event));
  }
}
