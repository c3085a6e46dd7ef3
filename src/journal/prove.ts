/**
 * Proofs that stand without the journal: that an event is in the log that a checkpoint signs for, and that one log is the
 * beginning of another. Two passes over the log, in flat memory.
 */
import { GaitError } from '../errors.js';
import {
  canonicalJson,
  consistencyRanges,
  formatTlogProof,
  Frontier,
  inclusionRanges,
  leafHash,
  parseCheckpointText,
  parseNote,
  type LeafRange,
} from '../sign/index.js';
import { corrupt, openJournalFile, refuseProblems } from './journal-file.js';
import { SCHEMA_VERSION } from './record.js';
import { isPresent, linesOf, readBase, restoreBefore, type LogBase, type Segment } from './segments/index.js';
import { SessionLog } from './session-log.js';
import { refuseUnknown, resolveWorld, type World } from './settings.js';
import { LineSplitter, resolveJournalPaths, scan, TurnTaker, type JournalPaths } from './store/index.js';
import type { Environment } from './environment.js';

export const CONSISTENCY_SCHEMA_ID = 'gait.consistency_proof';

export interface ProveOptions extends Environment {
  readonly signal?: AbortSignal;
}

/** A proof and what it is about. */
export interface Proof {
  /** What goes into the file: C2SP tlog-proof for inclusion, one line of canonical JSON for consistency. */
  readonly text: string;
  readonly tree_size: number;
  readonly root_hash: string;
}

export interface InclusionProof extends Proof {
  readonly sequence: number;
  readonly leaf_index: number;
}

/**
 * Proves that event `sequence` is in the log, up to the newest signed checkpoint. The event's line travels in the proof as
 * its extra data, so that the proof and the public key are all that a verifier needs.
 *
 * @throws GaitError NOT_SEALED when no signed checkpoint covers it, INVALID_ARGUMENT when there is no such event,
 * JOURNAL_NOT_FOUND, JOURNAL_CORRUPT, INVALID_PATH, IO_ERROR
 */
export async function proveInclusion(
  path: string,
  sequence: number,
  options: ProveOptions = {},
): Promise<InclusionProof> {
  refuseUnknown(options, ['signal']);
  const source = new LogSource(path, options);
  let found: { readonly leafIndex: number; readonly line: Buffer } | undefined;
  const sealed = await source.lastSignedTree((log, line, isEvent) => {
    if (isEvent && log.lastSequence === sequence) found = { leafIndex: log.frontier.size - 1, line: Buffer.from(line) };
  });
  if (found === undefined) {
    throw new GaitError('INVALID_ARGUMENT', `the journal has no event ${sequence}, or no longer has its line`, {
      details: { sequence },
    });
  }
  const { leafIndex, line } = found;
  if (sealed === undefined || leafIndex >= sealed.size) throw notSealed(`event ${sequence}`);
  const hashes = await source.roots(inclusionRanges(leafIndex, sealed.size), sealed);
  const text = formatTlogProof({ extra: line, index: leafIndex, hashes, checkpoint: parseNote(sealed.note) });
  return { text, sequence, leaf_index: leafIndex, tree_size: sealed.size, root_hash: sealed.root.toString('hex') };
}

/**
 * Proves that the log of `fromSize` lines is the beginning of the log that the newest signed checkpoint covers.
 *
 * @throws GaitError as proveInclusion
 */
export async function proveConsistency(path: string, fromSize: number, options: ProveOptions = {}): Promise<Proof> {
  refuseUnknown(options, ['signal']);
  const source = new LogSource(path, options);
  let firstRoot: Buffer | undefined;
  const sealed = await source.lastSignedTree((log) => {
    if (log.frontier.size === fromSize) firstRoot = log.frontier.root();
  });
  if (sealed === undefined) throw notSealed('the journal');
  if (firstRoot === undefined || fromSize > sealed.size) {
    throw new GaitError('INVALID_ARGUMENT', `a size from 1 to ${sealed.size} can be proved`, {
      details: { found: fromSize },
    });
  }
  const hashes = await source.roots(consistencyRanges(fromSize, sealed.size), sealed);
  const text = canonicalJson({
    schema_id: CONSISTENCY_SCHEMA_ID,
    schema_version: SCHEMA_VERSION,
    first_size: fromSize,
    first_root: firstRoot.toString('base64'),
    hashes: hashes.map((hash) => hash.toString('base64')),
    checkpoint: sealed.note,
  });
  return { text: `${text}\n`, tree_size: sealed.size, root_hash: sealed.root.toString('hex') };
}

interface SignedTree {
  readonly note: string;
  readonly size: number;
  readonly root: Buffer;
}

class LogSource {
  readonly #world: World;
  readonly #paths: JournalPaths;
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;

  constructor(path: string, options: ProveOptions) {
    this.#world = resolveWorld(options);
    this.#paths = resolveJournalPaths(this.#world.fs, path);
    this.#path = this.#paths.journal;
    this.#signal = options.signal;
  }

  /** Reads and checks the whole log. @param visit sees every line that is there, after the log has taken it in */
  async lastSignedTree(
    visit: (log: SessionLog, line: Buffer, isEvent: boolean) => void,
  ): Promise<SignedTree | undefined> {
    const log = new SessionLog(refuseProblems(this.#path));
    let note: string | undefined;
    const take = (line: Buffer, start: number): void => {
      const record = log.add(line, start);
      if (record?.recordType === 'checkpoint') note = record.note ?? note;
      visit(log, line, record?.recordType === 'event');
    };
    await this.#walk(take, ({ prelude, kept }, segment) => {
      restoreBefore(log, segment, prelude, 0);
      const seal = kept[segment.manifest.log.checkpoints];
      if (seal !== undefined) take(seal.bytes, seal.byteOffset);
    });
    log.finish();
    if (note === undefined) return undefined;
    const { size, root } = parseCheckpointText(parseNote(note).text);
    return { note, size, root: Buffer.from(root) };
  }

  /** Merkle roots of the ranges, in their order; all of them together lie inside the tree. */
  async roots(ranges: readonly LeafRange[], tree: SignedTree): Promise<Buffer[]> {
    const frontiers = ranges.map(() => new Frontier());
    let whole = new Frontier();
    const take = (line: Buffer): void => {
      const index = whole.size;
      const leaf = leafHash(line);
      if (index >= tree.size) return;
      whole.append(leaf);
      const at = ranges.findIndex(({ start, end }) => index >= start && index < end);
      frontiers[at]?.append(leaf);
    };
    await this.#walk(take, ({ kept }, { manifest }) => {
      const hashes = manifest.log.frontier.map((hash) => Buffer.from(hash, 'hex'));
      whole = Frontier.restore(manifest.leaf_end - 1, hashes);
      shareOut(hashes, manifest.leaf_end - 1, ranges, frontiers);
      const seal = kept[manifest.log.checkpoints];
      if (seal !== undefined) take(seal.bytes);
    });
    if (!whole.root().equals(tree.root)) {
      const meaning = 'the signed root is not that of the lines: the journal was changed, perhaps while it was read';
      throw corrupt({ kind: 'checkpoint_mismatch', line: tree.size, byte_offset: 0, meaning }, this.#path);
    }
    return frontiers.map((frontier) => frontier.root());
  }

  /** @param onGone called for each segment whose lines are gone, in the place of its lines */
  async #walk(
    onLine: (line: Buffer, start: number) => void,
    onGone: (base: LogBase, segment: Segment) => void,
  ): Promise<void> {
    const { fs } = this.#world;
    const descriptor = openJournalFile(fs, this.#path, 'read');
    try {
      const base = readBase(fs, this.#paths, descriptor);
      const turns = new TurnTaker();
      for (const segment of base?.segments ?? []) {
        if (base !== undefined && !isPresent(fs, this.#paths, segment)) {
          onGone(base, segment);
          continue;
        }
        for (const lines of linesOf(fs, this.#paths, segment)) {
          for (const { line, byteOffset } of lines) onLine(line, byteOffset);
          this.#signal?.throwIfAborted();
          await turns.rest();
        }
      }
      const start = base === undefined ? 0 : base.seal.byteOffset + base.seal.bytes.length + 1;
      const splitter = new LineSplitter(start, onLine, (sizeBytes, at) => {
        throw corrupt(
          { kind: 'line_too_long', line: 0, byte_offset: at, meaning: `a line of ${sizeBytes} bytes` },
          this.#path,
        );
      });
      await scan(fs, descriptor, splitter, fs.fstat(descriptor).size, { signal: this.#signal });
    } finally {
      fs.close(descriptor);
    }
  }
}

/**
 * Gives the subtrees of a frontier to the ranges that they are a part of. No proof of a line behind them needs less than a whole
 * one: what lies to the left of a leaf divides into the same subtrees, or larger ones.
 */
function shareOut(hashes: readonly Buffer[], size: number, ranges: readonly LeafRange[], frontiers: Frontier[]): void {
  for (const [at, range] of ranges.entries()) {
    const inside: Buffer[] = [];
    let start = 0;
    for (const [index, width] of subtreeWidths(size).entries()) {
      const hash = hashes[index];
      if (hash !== undefined && start >= range.start && start + width <= range.end) inside.push(hash);
      start += width;
    }
    const covered = Math.min(size, range.end) - range.start;
    if (covered > 0) frontiers[at] = Frontier.restore(covered, inside);
  }
}

/** Leaves of each subtree that a tree of `size` leaves divides into, largest first. */
function subtreeWidths(size: number): number[] {
  const widths: number[] = [];
  for (let rest = size; rest > 0; rest -= widths.at(-1) ?? rest) widths.push(2 ** Math.floor(Math.log2(rest)));
  return widths;
}

function notSealed(what: string): GaitError {
  return new GaitError('NOT_SEALED', `no signed checkpoint covers ${what} yet`);
}
