/**
 * The part of a journal that a report page carries, with all that its reader needs to check it without gait: the raw lines,
 * and for what came before them the frontier of the tree, so that every root of the lines can be computed again.
 */
import { basename } from 'node:path';
import { GaitError } from '../errors.js';
import { readJournal, verifyJournal, VERSION, type Environment, type VerifyReport } from '../journal/index.js';
import { Frontier, keyId, leafHashOfText } from '../sign/index.js';

export interface ReportOptions extends Environment {
  /** Ed25519 public keys, 32 bytes each. */
  readonly publicKeys?: readonly Uint8Array[];
  /** The newest lines up to this many are carried. */
  readonly maxLines?: number;
  /** And no more than this much text. */
  readonly maxBytes?: number;
  readonly onProgress?: (progress: ReportProgress) => void;
}

/** How far it has come: first the whole journal is verified, then its lines are read. */
export interface ReportProgress {
  readonly step: 'verifying' | 'reading';
  /** Bytes while verifying, lines while reading. */
  readonly done: number;
  readonly total: number;
}

export interface ReportKey {
  /** Hex SHA-256 of the public key. */
  readonly key_id: string;
  /** Base64. */
  readonly public_key: string;
}

/** Where the carried lines stand in the log. */
export interface ReportWindow {
  /** Leaves before the first carried line. */
  readonly start: number;
  /** Their frontier, largest subtree first, lower-case hex. */
  readonly frontier: readonly string[];
  /** Leaf hash of the line before; absent when the window starts at the header. */
  readonly prev?: string;
  /** Lines of the log that are no longer there: what is left cannot be led to a root. Absent when there are none. */
  readonly missing?: number;
}

/** Embedded in a report page as JSON. */
export interface ReportData {
  readonly format: 'gait.report/1';
  readonly generated_at: string;
  readonly producer_version: string;
  /** Name of the journal's file. */
  readonly journal: string;
  /** What gait itself found when it made the report. */
  readonly report: VerifyReport;
  readonly keys: readonly ReportKey[];
  readonly window: ReportWindow;
  readonly lines: readonly string[];
}

/** More than this, and browsers get slow. */
const REPORT_DEFAULTS = { maxLines: 10_000, maxBytes: 32 * 1024 * 1024 } as const;

/** Of problems and warnings, as many are carried. */
const MAX_FINDINGS = 200;

/** @throws GaitError as readJournal and verifyJournal do, also JOURNAL_CORRUPT: of a journal that cannot be read, `verify` says why */
export async function reportData(path: string, options: ReportOptions = {}): Promise<ReportData> {
  const { publicKeys = [], maxLines, maxBytes, onProgress, ...environment } = options;
  const report = await verifyJournal(path, {
    ...environment,
    publicKeys,
    onProgress: ({ bytes, totalBytes }) => onProgress?.({ step: 'verifying', done: bytes, total: totalBytes }),
  });
  const total = report.coverage.tree_size;
  const tail = new Tail(atLeastOne(maxLines ?? REPORT_DEFAULTS.maxLines), maxBytes ?? REPORT_DEFAULTS.maxBytes);
  let count = 0;
  for await (const { text } of readJournal(path, environment)) {
    tail.push(text);
    if (++count % 1_000 === 0) onProgress?.({ step: 'reading', done: count, total });
  }
  const missing = total - count;
  return {
    format: 'gait.report/1',
    generated_at: new Date((environment.clock ?? Date.now)()).toISOString(),
    producer_version: VERSION,
    journal: basename(path),
    report: {
      ...report,
      path: basename(path),
      problems: report.problems.slice(0, MAX_FINDINGS),
      warnings: report.warnings.slice(0, MAX_FINDINGS),
    },
    keys: publicKeys.map((key) => ({ key_id: keyId(key), public_key: Buffer.from(key).toString('base64') })),
    window: { ...tail.window(), ...(missing > 0 ? { missing } : {}) },
    lines: tail.lines(),
  };
}

/** The last lines of a stream; of those before, the frontier. */
class Tail {
  readonly #maxLines: number;
  readonly #maxBytes: number;
  readonly #before = new Frontier();
  #prev: Buffer | undefined;
  #lines: string[] = [];
  /** Lines in front that have been dropped but not yet cut off: cutting off each alone would cost the square. */
  #dropped = 0;
  #length = 0;

  constructor(maxLines: number, maxBytes: number) {
    this.#maxLines = maxLines;
    this.#maxBytes = maxBytes;
  }

  push(line: string): void {
    this.#lines.push(line);
    this.#length += line.length;
    // The newest line stays, however long it is.
    while (this.#kept > 1 && (this.#kept > this.#maxLines || this.#length > this.#maxBytes)) this.#drop();
  }

  window(): ReportWindow {
    return {
      start: this.#before.size,
      frontier: this.#before.hashes().map((hash) => hash.toString('hex')),
      ...(this.#prev === undefined ? {} : { prev: this.#prev.toString('hex') }),
    };
  }

  lines(): readonly string[] {
    return this.#lines.slice(this.#dropped);
  }

  get #kept(): number {
    return this.#lines.length - this.#dropped;
  }

  #drop(): void {
    const line = this.#lines[this.#dropped++] ?? '';
    this.#length -= line.length;
    this.#prev = leafHashOfText(line);
    this.#before.append(this.#prev);
    if (this.#dropped < this.#maxLines) return;
    this.#lines = this.#lines.slice(this.#dropped);
    this.#dropped = 0;
  }
}

function atLeastOne(value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new GaitError('INVALID_ARGUMENT', 'option maxLines must be a whole number from 1', {
    details: { option: 'maxLines', found: value },
  });
}
