/**
 * Verifies a root as a whole: every session, every ledger, and one against the other. What is gone must have a tombstone; what
 * an intent says was kept must be there, with the lines it had then.
 */
import { basename, dirname, join, relative, sep } from 'node:path';
import { GaitError, isGaitError } from '../errors.js';
import {
  resolveDemands,
  verifyJournal,
  type Environment,
  type VerifyOptions,
  type VerifyReport,
} from '../journal/index.js';
import { ledgersAbove } from './holds.js';
import { isInForce } from './holds-fold.js';
import { realRoot } from './inventory.js';
import { walkRoot, type WalkEntry } from './inventory-walk.js';
import { environmentOf, LEDGER_NAME } from './ledger.js';
import { joinTombstones, proveByLedger, type LedgerProof } from './ledger-proof.js';
import { summarizeLedger } from './ledger-reader.js';
import type { KeptSession } from './tombstones.js';
import { RootFindings, type RootReport } from './verify-root-report.js';

/**
 * `since` is a receipt or note of the root's own ledger: without one, whoever deletes the ledger makes sessions that were
 * removed as a whole look as if they had never been.
 *
 * @throws GaitError FILE_NOT_FOUND, INVALID_PATH, INVALID_ARGUMENT (a strict check without a key, no evidence), INVALID_NOTE,
 * SIGNATURE_INVALID, INVALID_JSON for a bad `since`, IO_ERROR; the signal's reason when it aborts. What is wrong with evidence is
 * in the report, never thrown.
 */
export async function verifyRoot(root: string, options: VerifyOptions = {}): Promise<RootReport> {
  // What would be refused for each session is refused at once.
  resolveDemands(options);
  const verifier = new RootVerifier(realRoot(root, options), options);
  await verifier.readLedgers();
  verifier.refuseNothing();
  await verifier.checkSessions();
  return verifier.finish();
}

class RootVerifier {
  readonly #root: string;
  readonly #options: VerifyOptions;
  readonly #environment: Environment;
  readonly #findings = new RootFindings();
  readonly #proofs: LedgerProof[] = [];
  /** By absolute path. Those that were found are taken out. */
  readonly #expected = new Map<string, KeptSession>();
  readonly #journals: WalkEntry[] = [];

  constructor(root: string, options: VerifyOptions) {
    this.#root = root;
    this.#options = options;
    this.#environment = environmentOf(options);
  }

  /** Also lists the journals: their names and sizes are all that is kept of them. */
  async readLedgers(): Promise<void> {
    const ledgers = ledgersAbove(this.#root, this.#environment);
    for (const entry of walkRoot(this.#root, this.#environment)) {
      if (entry.type === 'ledger') ledgers.push(entry.path);
      else if (entry.type === 'journal') this.#journals.push(entry);
      else if (entry.type !== 'file') this.#notLookedInto(entry);
    }
    for (const path of ledgers) await this.#readLedger(path);
    if (this.#options.since === undefined || ledgers.includes(join(this.#root, LEDGER_NAME))) return;
    const meaning = 'the ledger is gone: somebody holds a receipt or note of it';
    this.#findings.problem({ kind: 'ledger_invalid', path: LEDGER_NAME, meaning });
  }

  /** A folder without evidence is no valid evidence: somebody named the wrong one. Throws INVALID_ARGUMENT. */
  refuseNothing(): void {
    if (this.#journals.length > 0 || this.#expected.size > 0 || this.#proofs.length > 0) return;
    if (this.#options.since !== undefined) return;
    throw new GaitError('INVALID_ARGUMENT', `there is no session and no ledger under ${this.#root}`, {
      hint: 'name the folder that holds the sessions',
      details: { path: this.#root },
    });
  }

  async checkSessions(): Promise<void> {
    const tombstones = joinTombstones(this.#proofs);
    const { signal, onProgress } = this.#options;
    const totalBytes = this.#journals.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    let bytes = 0;
    let lines = 0;
    for (const { path, name, sizeBytes } of this.#journals) {
      signal?.throwIfAborted();
      try {
        const report = await verifyJournal(path, { ...this.#sessionOptions(path), tombstones });
        this.#expected.delete(path);
        lines += report.coverage.lines;
        this.#session(name, report);
      } catch (error) {
        if (!isGaitError(error)) throw error;
        this.#expected.delete(path);
        this.#findings.lost('missing (unproven)');
        this.#findings.problem({ kind: 'session_unreadable', path: name, found: error.code, meaning: error.message });
      }
      bytes += sizeBytes;
      onProgress?.({ bytes, totalBytes, lines });
    }
  }

  finish(): RootReport {
    for (const [path, { session_id: id, tree_size: lines }] of this.#expected) {
      this.#findings.lost('missing (unproven)');
      this.#findings.problem({
        kind: 'session_missing',
        path: this.#name(path),
        meaning: `session ${id} had ${lines} lines at the last prune and was kept; it is gone, and no tombstone says why`,
      });
    }
    return this.#findings.report(this.#root);
  }

  async #readLedger(path: string): Promise<void> {
    const { publicKeys = [], since } = this.#options;
    const isOwn = path === join(this.#root, LEDGER_NAME);
    const proof = await proveByLedger(path, publicKeys, this.#environment, isOwn ? since : undefined);
    const { report, problems, warnings, kept } = proof;
    this.#proofs.push(proof);
    const name = this.#name(path);
    const holds = report.ok ? (await summarizeLedger(path, this.#environment)).holds.filter(isInForce).length : 0;
    this.#findings.ledger(
      {
        path,
        ok: report.ok && problems.length === 0,
        signature_status: report.signature_status,
        signed_by: report.signed_by,
        last_sequence: report.coverage.last_sequence,
        proves_to_sequence: proof.coveredTo,
        tombstones: proof.tombstoneCount,
        receipts: proof.receiptCount,
        holds_in_force: holds,
      },
      proof.removedSessions.length,
    );
    const fault = this.#ledgerFault(report);
    if (fault !== undefined) {
      this.#findings.problem({
        kind: 'ledger_invalid',
        path: name,
        ...(report.problems[0] === undefined ? {} : { found: report.problems[0].kind }),
        meaning: `the ledger proves nothing: ${fault}`,
      });
    }
    for (const { kind, sequence, meaning } of problems) this.#findings.problem({ kind, path: name, sequence, meaning });
    for (const { kind, sequence, meaning } of warnings) this.#findings.warning({ kind, path: name, sequence, meaning });
    for (const session of kept) {
      const journal = join(dirname(path), ...session.path.split('/'));
      if (!relative(this.#root, journal).startsWith('..')) this.#expected.set(journal, session);
    }
  }

  /** The ledger is asked for signatures where the sessions are. */
  #ledgerFault({ ok, problems, signature_status: status }: VerifyReport): string | undefined {
    if (!ok) return problems[0]?.meaning ?? 'it does not verify';
    if (!resolveDemands(this.#options).isSignatureRequired || status === 'verified') return undefined;
    return 'none of its signatures is by a given key';
  }

  /** What was kept at the last prune is an anchor: a log that was cut or rewritten behind it is found. */
  #sessionOptions(path: string): VerifyOptions {
    const { onProgress: _, since: __, ...options } = this.#options;
    const kept = this.#expected.get(path);
    if (kept === undefined) return options;
    const { session_id, head, tree_size } = kept;
    return { ...options, since: JSON.stringify({ session_id, leaf_index: tree_size - 1, leaf_hash: head }) };
  }

  #session(name: string, report: VerifyReport): void {
    const { ok, retention, signature_status, session_id, coverage, problems, problem_count, warnings } = report;
    const { last_sequence, signed_to_sequence, pruned_to_sequence, erased_payloads } = coverage;
    this.#findings.session(
      {
        path: name,
        ...(session_id === undefined ? {} : { session_id }),
        ok,
        retention,
        signature_status,
        last_sequence,
        signed_to_sequence,
        pruned_to_sequence,
        erased_payloads,
      },
      report.signed_by,
    );
    const [problem] = problems;
    if (problem !== undefined) {
      const more = problem_count > 1 ? ` (and ${problem_count - 1} more problems)` : '';
      this.#findings.problem({
        kind: 'session_invalid',
        path: name,
        found: problem.kind,
        meaning: `${problem.meaning}${more}`,
      });
    }
    for (const { kind, meaning } of warnings) {
      if (!EXPECTED_WARNINGS.has(kind)) {
        this.#findings.warning({ kind: 'session_warning', path: name, found: kind, meaning });
      }
    }
  }

  #notLookedInto({ name, type }: WalkEntry): void {
    const meaning = type === 'foreign' ? 'on another file system: not looked into' : `a ${type}: not followed`;
    this.#findings.warning({ kind: 'not_looked_into', path: name, meaning });
  }

  #name(path: string): string {
    return relative(this.#root, path).split(sep).join('/');
  }
}

/** What retention leaves, and what the figures of the report say already. */
const EXPECTED_WARNINGS: ReadonlySet<string> = new Set(['lines_pruned', 'payload_erased', 'signature_missing']);

/**
 * Ledgers that may say what became of parts of one journal: beside it, and in the folders above.
 *
 * @throws as proveByLedger
 */
export async function ledgerProofsFor(
  journal: string,
  publicKeys: readonly Uint8Array[],
  environment: Environment,
): Promise<readonly LedgerProof[]> {
  const proofs: LedgerProof[] = [];
  for (const path of ledgersAbove(journal, environment)) {
    // The ledger's own evidence is in no other ledger.
    if (basename(journal) !== LEDGER_NAME) proofs.push(await proveByLedger(path, publicKeys, environment));
  }
  return proofs;
}
