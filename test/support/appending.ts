import { isGaitError, type EventInput, type Journal, type Receipt } from '../../src/index.js';

/** A small event that can be found again by its correlation id. */
export function event(id: string): EventInput {
  return { tool_name: 'tool.work', verdict: 'allow', correlation_id: id };
}

/** `prefix` with 0, 1, 2, ... */
export function names(count: number, prefix = 'e'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** Sends every event before the first is acknowledged. */
export async function appendTogether(journal: Journal, ids: readonly string[]): Promise<Map<string, Receipt>> {
  return new Map(await Promise.all(ids.map(async (id) => [id, await journal.append(event(id))] as const)));
}

/** The code of the GaitError that a call fails with; whatever else it throws, itself; undefined when it succeeds. */
export async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => (isGaitError(error) ? error.code : error),
  );
}
