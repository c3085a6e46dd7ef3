/** Sealing, packing and verifying in a process of its own: how long the work takes, and the most memory it ever has. */
import { askChild } from './child.js';

/** What the child does. All of it with the key whose files these are. */
export type EvidenceOrder = EvidenceTask & { readonly privateKeyPath: string };

export type EvidenceTask =
  /** As many times over: append one event to the journal, then seal it. */
  | { readonly task: 'seal'; readonly path: string; readonly times: number }
  /** Seal the journal's events into a runpack at `out`. */
  | { readonly task: 'pack'; readonly path: string; readonly out: string }
  /** Move the journal's sealed lines into a segment; there must be some. */
  | { readonly task: 'compact'; readonly path: string }
  /** Verify a journal or a runpack under the strict profile. */
  | { readonly task: 'verify'; readonly path: string };

export interface EvidenceCost {
  readonly ms: number;
  readonly peakResidentBytes: number;
}

/** Throws when the work fails, and when what is verified is not valid and signed. */
export function measureInChild(order: EvidenceOrder): Promise<EvidenceCost> {
  return askChild<EvidenceCost>(new URL('./workers/evidence.js', import.meta.url), order);
}

/** For a table: one figure of each run. */
export function peaksMiB(costs: readonly EvidenceCost[]): number[] {
  return costs.map(({ peakResidentBytes }) => peakResidentBytes / 2 ** 20);
}
