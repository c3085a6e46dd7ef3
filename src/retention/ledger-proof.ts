/**
 * What a ledger proves: which things were removed by somebody who holds the key, and that it agrees with itself. A tombstone
 * counts when the ledger verifies and a signed checkpoint covers it. An intent whose receipt does not count yet proves the
 * removal of what it lists: it was signed before anything moved, and a crash came in between.
 */
import {
  readJournal,
  verifyJournal,
  type Environment,
  type SessionEvent,
  type Tombstones,
  type VerifyReport,
} from '../journal/index.js';
import { attributesOf } from './ledger-reader.js';
import { removalKey } from './prune-removals.js';
import {
  LEDGER_TOOLS,
  type IntentFacts,
  type KeptSession,
  type ReceiptFacts,
  type Removal,
  type RemovedItem,
  type RemovedSession,
  type TombstoneFacts,
} from './tombstones.js';

export interface LedgerFinding {
  readonly kind: 'tombstone_mismatch' | 'receipt_mismatch' | 'removal_unfinished';
  readonly sequence: number;
  readonly meaning: string;
}

export interface LedgerProof {
  readonly path: string;
  readonly report: VerifyReport;
  /** The last event that counts. */
  readonly coveredTo: number;
  readonly tombstones: Tombstones;
  readonly removedSessions: readonly RemovedSession[];
  /** As the newest intent of a prune lists them. */
  readonly kept: readonly KeptSession[];
  readonly tombstoneCount: number;
  readonly receiptCount: number;
  readonly problems: readonly LedgerFinding[];
  readonly warnings: readonly LedgerFinding[];
}

interface OpenRemoval {
  readonly sequence: number;
  /** Bytes of each tombstone, by its place in the intent: a crash may have had one written twice. */
  readonly bytes: Map<number, number>;
}

/**
 * @param publicKeys when there are any, only signatures of theirs count
 * @param since a receipt or note of the ledger that somebody held: what it had then it must have now
 * @throws GaitError as verifyJournal and readJournal; PAYLOAD_NOT_FOUND, PAYLOAD_ALTERED for attributes that were moved out
 */
export async function proveByLedger(
  path: string,
  publicKeys: readonly Uint8Array[],
  environment: Environment,
  since?: string,
): Promise<LedgerProof> {
  const anchor = since === undefined ? {} : { since };
  const report = await verifyJournal(path, { ...environment, publicKeys, ...anchor });
  const reader = new ProofReader(path, environment);
  if (report.ok) await reader.read(publicKeys.length > 0 ? report.coverage.signed_to_sequence : undefined);
  return {
    path,
    report,
    coveredTo: reader.coveredTo,
    tombstones: reader,
    removedSessions: reader.removedSessions,
    kept: reader.kept,
    tombstoneCount: reader.tombstoneCount,
    receiptCount: reader.receiptCount,
    problems: reader.problems,
    warnings: reader.warnings,
  };
}

class ProofReader implements Tombstones {
  coveredTo = 0;
  readonly removedSessions: RemovedSession[] = [];
  kept: readonly KeptSession[] = [];
  tombstoneCount = 0;
  receiptCount = 0;
  readonly problems: LedgerFinding[] = [];
  readonly warnings: LedgerFinding[] = [];
  readonly #path: string;
  readonly #environment: Environment;
  readonly #proven = new Set<string>();
  readonly #open = new Map<number, OpenRemoval>();
  /** The list of one intent at a time: its tombstones follow it. */
  #listed: { readonly intent: number; readonly removals: readonly Removal[] } | undefined;

  constructor(path: string, environment: Environment) {
    this.#path = path;
    this.#environment = environment;
  }

  segment(sessionId: string, segment: Parameters<Tombstones['segment']>[1]): boolean {
    const { leafStart, leafEnd, contentSha256, rootHash } = segment;
    return this.#proven.has(segmentKey(sessionId, leafStart, leafEnd, contentSha256, rootHash));
  }

  payload(sessionId: string, sha256: string): boolean {
    return this.#proven.has(payloadKey(sessionId, sha256));
  }

  /** @param signedTo sequence up to which signatures were verified; undefined when there was no key to do so */
  async read(signedTo: number | undefined): Promise<void> {
    this.coveredTo = signedTo ?? (await this.#lastSignedSequence());
    for await (const line of readJournal(this.#path, this.#environment)) {
      if (line.recordType === 'event' && line.event.sequence <= this.coveredTo) await this.#take(line.event);
    }
    for (const { sequence } of this.#open.values()) {
      for (const { item } of await this.#removalsOf(sequence)) this.#prove(item);
      this.warnings.push({
        kind: 'removal_unfinished',
        sequence,
        meaning: `the removal of event ${sequence} was interrupted: run gait prune again, which finishes it`,
      });
    }
  }

  async #lastSignedSequence(): Promise<number> {
    let last = 0;
    for await (const line of readJournal(this.#path, this.#environment)) {
      if (line.recordType === 'checkpoint' && line.note !== undefined) last = line.checkpoint.sequence_end;
    }
    return last;
  }

  async #take(event: SessionEvent): Promise<void> {
    const { sequence } = event;
    switch (event.tool_name) {
      case LEDGER_TOOLS.pruneIntent:
      case LEDGER_TOOLS.eraseIntent: {
        const { kept, removals } = await this.#attributes<IntentFacts>(event);
        this.#listed = { intent: sequence, removals };
        this.#open.set(sequence, { sequence, bytes: new Map() });
        if (kept !== undefined) this.kept = kept;
        return;
      }
      case LEDGER_TOOLS.pruneTombstone:
      case LEDGER_TOOLS.eraseTombstone:
        await this.#takeTombstone(sequence, await this.#attributes<TombstoneFacts>(event));
        return;
      case LEDGER_TOOLS.pruneReceipt:
      case LEDGER_TOOLS.eraseReceipt:
        this.#takeReceipt(sequence, await this.#attributes<ReceiptFacts>(event));
        return;
      default:
    }
  }

  async #takeTombstone(sequence: number, tombstone: TombstoneFacts): Promise<void> {
    const { intent, place } = tombstone;
    const open = this.#open.get(intent);
    const listed = open === undefined ? undefined : (await this.#removalsOf(intent))[place];
    if (
      open === undefined ||
      listed === undefined ||
      removalKey(listed) !== removalKey({ item: tombstone, files: [] })
    ) {
      this.#problem('tombstone_mismatch', sequence, 'this tombstone is for something that its intent does not list');
      return;
    }
    this.#prove(tombstone);
    if (open.bytes.has(place)) return;
    open.bytes.set(place, tombstone.bytes);
    this.tombstoneCount += 1;
    if (tombstone.kind === 'session') this.removedSessions.push(tombstone);
  }

  #takeReceipt(sequence: number, { intent, removed, removed_bytes: bytes }: ReceiptFacts): void {
    const open = this.#open.get(intent);
    this.receiptCount += 1;
    if (open === undefined) {
      this.#problem('receipt_mismatch', sequence, 'this receipt belongs to no intent, or to one that has a receipt');
      return;
    }
    this.#open.delete(intent);
    const found = [...open.bytes.values()].reduce((sum, each) => sum + each, 0);
    if (open.bytes.size === removed && found === bytes) return;
    this.#problem(
      'receipt_mismatch',
      sequence,
      `this receipt speaks of ${removed} removals and ${bytes} bytes, its tombstones of ${open.bytes.size} and ${found}`,
    );
  }

  #prove(item: RemovedItem): void {
    if (item.kind === 'payload') this.#proven.add(payloadKey(item.session_id, item.sha256));
    if (item.kind !== 'segment') return;
    const { session_id: id, leaf_start: start, leaf_end: end, content_sha256: content, root_hash: root } = item;
    this.#proven.add(segmentKey(id, start, end, content, root));
    for (const sha256 of item.payloads) this.#proven.add(payloadKey(id, sha256));
  }

  async #removalsOf(intent: number): Promise<readonly Removal[]> {
    if (this.#listed?.intent === intent) return this.#listed.removals;
    for await (const line of readJournal(this.#path, {
      ...this.#environment,
      fromSequence: intent,
      toSequence: intent,
    })) {
      if (line.recordType !== 'event' || line.event.sequence !== intent) continue;
      const { removals } = await this.#attributes<IntentFacts>(line.event);
      this.#listed = { intent, removals };
      return removals;
    }
    return [];
  }

  async #attributes<T extends object>(event: SessionEvent): Promise<T> {
    return await attributesOf<T>(this.#path, event, this.#environment);
  }

  #problem(kind: LedgerFinding['kind'], sequence: number, meaning: string): void {
    this.problems.push({ kind, sequence, meaning });
  }
}

function segmentKey(sessionId: string, start: number, end: number, content: string, root: string): string {
  return JSON.stringify([sessionId, start, end, content, root]);
}

function payloadKey(sessionId: string, sha256: string): string {
  return JSON.stringify([sessionId, sha256]);
}

/** Whatever one of several ledgers proves. */
export function joinTombstones(proofs: readonly LedgerProof[]): Tombstones {
  return {
    segment: (sessionId, segment) => proofs.some(({ tombstones }) => tombstones.segment(sessionId, segment)),
    payload: (sessionId, sha256) => proofs.some(({ tombstones }) => tombstones.payload(sessionId, sha256)),
  };
}
