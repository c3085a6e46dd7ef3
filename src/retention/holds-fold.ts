/** Which holds a ledger's events leave in force. Pure. */
import type { SessionEvent } from '../journal/index.js';
import { LEDGER_TOOLS } from './tombstones.js';
import type { Hold } from './types.js';

/** A hold with where it was set, and how it ended if it did. */
export interface LedgerHold extends Hold {
  readonly ledger: string;
  readonly released?: { readonly reason: string; readonly actor: string; readonly createdAt: string };
}

/** @param events those that set and release holds, in the order of the ledger */
export function foldHolds(ledger: string, events: readonly SessionEvent[]): LedgerHold[] {
  const holds = new Map<number, LedgerHold>();
  for (const event of events) {
    const { sequence, actor = '', created_at: createdAt } = event;
    const { session_id: sessionId, reason, hold_ids: ids } = (event.attributes ?? {}) as unknown as HoldAttributes;
    if (event.tool_name === LEDGER_TOOLS.holdSet) {
      holds.set(sequence, { id: sequence, sessionId, reason, actor, createdAt, ledger });
      continue;
    }
    for (const id of ids ?? []) {
      const hold = holds.get(id);
      if (hold !== undefined) holds.set(id, { ...hold, released: { reason, actor, createdAt } });
    }
  }
  return [...holds.values()];
}

export function isInForce({ released }: LedgerHold): boolean {
  return released === undefined;
}

/** As stored. A release names the holds that it ends. */
export interface HoldAttributes {
  readonly session_id: string;
  readonly reason: string;
  readonly hold_ids?: readonly number[];
}
