/** The report on one journal, from what its verifier has gathered. Pure. */
import type { RetentionState } from '../retention-types.js';
import type { SessionLog } from '../session-log.js';
import type { VerifyCoverage, VerifyReport } from '../verify-types.js';
import type { ArchiveChecker } from './archive.js';
import type { FindingsReport } from './findings.js';
import type { PayloadChecker } from './payloads.js';
import type { SealChecker } from './seals.js';

/** What a verifier has gathered at the end. */
export interface Gathered {
  readonly log: SessionLog;
  readonly seals: SealChecker;
  readonly payloads: PayloadChecker;
  readonly archive: ArchiveChecker | undefined;
  /** Lines were moved out, and nothing tells which. */
  readonly isUnproven: boolean;
  readonly path: string;
  /** Bytes after the last line feed. */
  readonly unterminatedBytes: number;
}

export function journalReport(gathered: Gathered, findings: FindingsReport): VerifyReport {
  const { header } = gathered.log;
  const { ok, verdict, ...found } = findings;
  return {
    ok,
    path: gathered.path,
    kind: 'journal',
    ...(header === undefined ? {} : { session_id: header.session_id, run_id: header.run_id }),
    verdict,
    signature_status: gathered.seals.status,
    retention: retentionOf(gathered),
    signed_by: [...gathered.seals.signedBy],
    coverage: coverageOf(gathered),
    ...found,
  };
}

/** Events that no verified signature covers. */
export function unsignedEvents({ log, seals }: Pick<Gathered, 'log' | 'seals'>): number {
  return Math.max(log.lastSequence - seals.signedToSequence, 0);
}

function retentionOf({ archive, payloads, isUnproven }: Gathered): RetentionState {
  if (isUnproven || archive?.isUnproven === true || payloads.isUnproven) return 'missing (unproven)';
  const isPruned = (archive?.prunedToSequence ?? 0) > 0 || payloads.erased > 0;
  return isPruned ? 'pruned (proven)' : 'intact';
}

function coverageOf(gathered: Gathered): VerifyCoverage {
  const { log, archive, seals, payloads } = gathered;
  const prunedTo = archive?.prunedToSequence ?? 0;
  return {
    lines: log.lines,
    events: log.eventCount - (archive?.prunedEvents ?? 0),
    checkpoints: log.checkpointCount,
    first_sequence: prunedTo === 0 ? log.firstSequence : prunedTo < log.lastSequence ? prunedTo + 1 : 0,
    last_sequence: log.lastSequence,
    tree_size: log.frontier.size,
    root_hash: log.frontier.root().toString('hex'),
    head: log.head?.toString('hex') ?? '',
    unlinked_lines: log.unlinkedLines,
    uncheckpointed_events: Math.max(log.lastSequence - (log.lastCheckpoint?.sequenceEnd ?? 0), 0),
    signed_to_sequence: seals.signedToSequence,
    unsigned_events: unsignedEvents(gathered),
    unterminated_bytes: gathered.unterminatedBytes,
    closed: log.isClosed,
    segments: archive?.segmentCount ?? 0,
    pruned_to_sequence: prunedTo,
    erased_payloads: payloads.erased,
  };
}
