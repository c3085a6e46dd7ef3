/** Holds what is in a session against what its writers were told: everything acknowledged is there, once, in order. */
import type { Receipt } from '../../src/index.js';
import { eventId, type AckHistory } from './acks.js';

/** An event as it lies in the log. */
export interface Occurrence {
  readonly id: string;
  readonly sequence: number;
  readonly leafIndex: number;
  readonly leafHash: string;
}

/** What a session holds, and how much of its front is provably gone. */
export interface SessionContent {
  readonly session: string;
  /** Events of the writers, in the order of the log; those of the engine are not among them. */
  readonly occurrences: readonly Occurrence[];
  /** Events up to this sequence were pruned; 0 when none were. */
  readonly prunedToSequence: number;
}

export interface Violation {
  readonly session: string;
  readonly kind: 'missing' | 'altered' | 'repeated' | 'unknown' | 'out of order';
  readonly id: string;
  readonly detail: string;
}

/** How many keys of idempotency a session remembers: an event that is sent again later than that is a new one. */
export const REMEMBERED_KEYS = 1_000;

/** @param histories by the writer's slot */
export function compareSession(content: SessionContent, histories: ReadonlyMap<number, AckHistory>): Violation[] {
  const byId = groupById(content.occurrences);
  const known = new Set<string>();
  const violations: Violation[] = [];
  const report = (kind: Violation['kind'], id: string, detail: string): void => {
    violations.push({ session: content.session, kind, id, detail });
  };
  for (const [slot, { issued, acks }] of histories) {
    for (let n = 0; n < issued; n += 1) known.add(eventId(slot, n));
    for (const { n, receipt } of acks) {
      const id = eventId(slot, n);
      const told = `sequence ${receipt.sequence}, leaf ${receipt.leaf_index}`;
      if (receipt.sequence <= content.prunedToSequence) continue;
      const found = byId.get(id) ?? [];
      if (found.length === 0) report('missing', id, `acknowledged as ${told}`);
      else if (receipt.session_id !== content.session || !found.some((occurrence) => isIt(occurrence, receipt)))
        report('altered', id, `acknowledged as ${told}`);
    }
    for (const detail of disorder({ issued, acks })) report('out of order', eventId(slot, detail.n), detail.text);
  }
  for (const [id, found] of byId) {
    if (!known.has(id)) report('unknown', id, `nobody sent it; sequence ${found[0]?.sequence}`);
    for (const [index, { sequence }] of found.entries()) {
      const before = found[index - 1];
      if (before === undefined || sequence - before.sequence > REMEMBERED_KEYS) continue;
      report('repeated', id, `sequences ${before.sequence} and ${sequence}`);
    }
  }
  return violations;
}

function groupById(occurrences: readonly Occurrence[]): Map<string, Occurrence[]> {
  const byId = new Map<string, Occurrence[]>();
  for (const occurrence of occurrences) {
    const sameId = byId.get(occurrence.id);
    if (sameId === undefined) byId.set(occurrence.id, [occurrence]);
    else sameId.push(occurrence);
  }
  return byId;
}

function isIt({ sequence, leafIndex, leafHash }: Occurrence, receipt: Receipt): boolean {
  return sequence === receipt.sequence && leafIndex === receipt.leaf_index && leafHash === receipt.leaf_hash;
}

/** A writer's events lie in the order in which it sent them, except those that it had to send again. */
function disorder({ acks }: AckHistory): { readonly n: number; readonly text: string }[] {
  const ordered = acks.filter(({ isRetry }) => !isRetry).toSorted((a, b) => a.n - b.n);
  return ordered.flatMap(({ n, receipt }, index) => {
    const before = ordered[index - 1];
    if (before === undefined || before.receipt.sequence < receipt.sequence) return [];
    return [{ n, text: `sequence ${receipt.sequence}, and event ${before.n} before it ${before.receipt.sequence}` }];
  });
}
