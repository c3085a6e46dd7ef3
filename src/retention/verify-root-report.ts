/** The report on a root. Schema: schemas/root-report.schema.json. */
import type { SignatureStatus, VerifyReport } from '../journal/index.js';

export type RootProblemKind =
  /** A session that does not verify; lines that are gone without a tombstone are one of the reasons. */
  | 'session_invalid'
  /** It cannot be read at all. */
  | 'session_unreadable'
  /** An intent of the ledger says that it was kept, and it is not there. */
  | 'session_missing'
  | 'ledger_invalid'
  /** A tombstone for something that its intent does not list. */
  | 'tombstone_mismatch'
  /** A receipt that does not agree with its tombstones. */
  | 'receipt_mismatch'
  /** Warnings only. */
  | 'removal_unfinished'
  | 'session_warning'
  | 'not_looked_into';

export interface RootProblem {
  readonly kind: RootProblemKind;
  /** Relative to the root, with slashes. */
  readonly path: string;
  /** Of the event in the ledger. */
  readonly sequence?: number;
  /** Kind of the first problem of a session, and how many there are. */
  readonly found?: string;
  readonly meaning: string;
}

/** What retention has done to a session, in the words of the report on it. */
export type Retention = VerifyReport['retention'];

/** One session of the root. */
export interface RootSession {
  readonly path: string;
  readonly session_id?: string;
  readonly ok: boolean;
  readonly retention: Retention;
  readonly signature_status: SignatureStatus;
  readonly last_sequence: number;
  /** Last event that a verified signature covers. */
  readonly signed_to_sequence: number;
  readonly pruned_to_sequence: number;
  readonly erased_payloads: number;
}

/** One ledger: of the root, or of a folder below or above it. */
export interface RootLedger {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly ok: boolean;
  readonly signature_status: SignatureStatus;
  readonly signed_by: readonly string[];
  readonly last_sequence: number;
  /** Its last event that counts as proof: what a signed checkpoint covers. */
  readonly proves_to_sequence: number;
  readonly tombstones: number;
  readonly receipts: number;
  readonly holds_in_force: number;
}

export interface RootReport {
  readonly ok: boolean;
  readonly path: string;
  readonly kind: 'root';
  readonly verdict: 'valid' | 'invalid';
  readonly signature_status: SignatureStatus;
  /** Key IDs whose signatures verified, on a session or on a ledger. */
  readonly signed_by: readonly string[];
  /** Sessions that are there, and those that should be. */
  readonly session_count: number;
  readonly intact: number;
  /** Parts of them are gone, and a tombstone says which. */
  readonly pruned: number;
  /** Something is gone that no tombstone is for. */
  readonly missing: number;
  /** Whole sessions that tombstones speak of. */
  readonly removed_sessions: number;
  /** The first that are not as they were written, at most 1,000. */
  readonly sessions: readonly RootSession[];
  readonly ledgers: readonly RootLedger[];
  /** The first problems, at most 1,000. */
  readonly problems: readonly RootProblem[];
  readonly problem_count: number;
  readonly warnings: readonly RootProblem[];
  readonly warning_count: number;
}

/** How many of each list a report spells out; all are counted. */
const MAX_LISTED = 1_000;

/** Adds up a report while sessions and ledgers come by. Memory does not grow with their number. */
export class RootFindings {
  readonly #signedBy = new Set<string>();
  readonly #statuses = new Set<SignatureStatus>();
  readonly #sessions: RootSession[] = [];
  readonly #ledgers: RootLedger[] = [];
  readonly #problems: RootProblem[] = [];
  readonly #warnings: RootProblem[] = [];
  readonly #counts: Record<Retention, number> = { intact: 0, 'pruned (proven)': 0, 'missing (unproven)': 0 };
  #problemCount = 0;
  #warningCount = 0;
  #removed = 0;

  session(session: RootSession, signedBy: readonly string[]): void {
    this.#counts[session.retention] += 1;
    this.#statuses.add(session.signature_status);
    for (const key of signedBy) this.#signedBy.add(key);
    const isAsWritten = session.ok && session.retention === 'intact' && session.erased_payloads === 0;
    if (!isAsWritten && this.#sessions.length < MAX_LISTED) this.#sessions.push(session);
  }

  /** A session that cannot be looked at, or is not there. */
  lost(retention: Retention): void {
    this.#counts[retention] += 1;
  }

  ledger(ledger: RootLedger, removedSessions: number): void {
    this.#ledgers.push(ledger);
    this.#removed += removedSessions;
    // Holds need no key: a ledger of holds alone takes nothing from what the sessions prove.
    if (ledger.receipts > 0 || ledger.signature_status === 'failed') this.#statuses.add(ledger.signature_status);
    for (const key of ledger.signed_by) this.#signedBy.add(key);
  }

  problem(problem: RootProblem): void {
    this.#problemCount += 1;
    if (this.#problems.length < MAX_LISTED) this.#problems.push(problem);
  }

  warning(warning: RootProblem): void {
    this.#warningCount += 1;
    if (this.#warnings.length < MAX_LISTED) this.#warnings.push(warning);
  }

  report(path: string): RootReport {
    const { intact, 'pruned (proven)': pruned, 'missing (unproven)': missing } = this.#counts;
    const ok = this.#problemCount === 0;
    return {
      ok,
      path,
      kind: 'root',
      verdict: ok ? 'valid' : 'invalid',
      signature_status: this.#weakestStatus(),
      signed_by: [...this.#signedBy].toSorted(),
      session_count: intact + pruned + missing,
      intact,
      pruned,
      missing,
      removed_sessions: this.#removed,
      sessions: this.#sessions,
      ledgers: this.#ledgers,
      problems: this.#problems,
      problem_count: this.#problemCount,
      warnings: this.#warnings,
      warning_count: this.#warningCount,
    };
  }

  /** Of the whole no more can be said than of the weakest part. */
  #weakestStatus(): SignatureStatus {
    const order: readonly SignatureStatus[] = ['failed', 'missing', 'skipped', 'verified'];
    return order.find((status) => this.#statuses.has(status)) ?? 'missing';
  }
}
