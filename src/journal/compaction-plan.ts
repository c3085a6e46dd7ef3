/**
 * The first half of a compaction: reads what is sealed, checks it, and writes it down a second time, compressed. No lock is held
 * meanwhile, and nothing of the journal is changed: sealed lines stay as they are.
 */
import { GaitError } from '../errors.js';
import type { CompactOptions } from './compaction-types.js';
import { openJournalFile, loadState, refuseProblems } from './journal-file.js';
import type { JournalRecord } from './record.js';
import {
  logBefore,
  readBase,
  restoreBefore,
  SegmentTally,
  type SegmentWriter,
  type LogBase,
  type SegmentManifest,
} from './segments/index.js';
import type { RootedCheckpoint } from './log-facts.js';
import { SessionLog } from './session-log.js';
import type { SessionState } from './session-state.js';
import type { World } from './settings.js';
import {
  ioError,
  LineSplitter,
  type NewFile,
  scanNow,
  TurnTaker,
  type FileStat,
  type JournalPaths,
} from './store/index.js';

const CHUNK_BYTES = 256 * 1024;
const LF = Buffer.from('\n');

/** Where the new files go. */
export interface CompactionTarget {
  readonly segments: SegmentWriter;
  /** The journal file that will stand in the place of the old one. */
  readonly journal: NewFile;
}

/** The journal as it was when the compaction was prepared. */
export interface Surveyed {
  readonly state: SessionState;
  readonly file: FileStat;
  readonly base: LogBase | undefined;
  /** What can be moved out; undefined when nothing new can. */
  readonly upTo: RootedCheckpoint | undefined;
}

/** Looks at the journal behind an open descriptor. Throws as loadState. */
async function survey(world: World, paths: JournalPaths, descriptor: number): Promise<Surveyed> {
  const { fs } = world;
  const file = fs.fstat(descriptor);
  const state = await loadState(world, paths, descriptor);
  const base = readBase(fs, paths, descriptor);
  const { lastRooted } = state.log;
  const isNew = lastRooted !== undefined && lastRooted.lines > (base?.segments.at(-1)?.manifest.leaf_end ?? 0);
  return { state, file, base, upTo: isNew ? lastRooted : undefined };
}

/** Opens the journal, and says what there is to move. */
export async function surveyAt(
  world: World,
  paths: JournalPaths,
): Promise<{ readonly descriptor: number; readonly surveyed: Surveyed }> {
  const descriptor = openJournalFile(world.fs, paths.journal, 'read');
  try {
    return { descriptor, surveyed: await survey(world, paths, descriptor) };
  } catch (error) {
    world.fs.close(descriptor);
    throw error;
  }
}

/** What the compaction takes out and keeps. */
export interface Digest {
  /** Undefined when nothing was written. */
  readonly manifest: SegmentManifest | undefined;
  readonly events: number;
  /** Header and checkpoints, those of earlier compactions included. */
  readonly keptBytes: number;
  /** The checkpoint up to which it goes. */
  readonly seal: { readonly leaf: Buffer; readonly lineBytes: number };
}

/**
 * Reads the lines up to the checkpoint, and writes them to the target, if there is one.
 *
 * @throws GaitError JOURNAL_CORRUPT when the lines do not keep the rules: nothing corrupt is ever compacted; DISK_FULL, IO_ERROR;
 * the signal's reason when it aborts
 */
export async function digestSealed(
  world: World,
  paths: JournalPaths,
  descriptor: number,
  surveyed: Surveyed & { readonly upTo: RootedCheckpoint },
  target: CompactionTarget | undefined,
  { onProgress, signal }: Pick<CompactOptions, 'onProgress' | 'signal'>,
): Promise<Digest> {
  const { base, upTo } = surveyed;
  const reader = new SealedReader(paths.journal, base, upTo, target);
  try {
    const turns = new TurnTaker();
    for (let position = reader.start; position < upTo.endOffset; position += CHUNK_BYTES) {
      signal?.throwIfAborted();
      onProgress?.({ bytes: position - reader.start, totalBytes: upTo.endOffset - reader.start });
      scanNow(world.fs, descriptor, reader.splitter, Math.min(position + CHUNK_BYTES, upTo.endOffset));
      await target?.segments.rest();
      await turns.rest();
    }
    return await reader.finish();
  } catch (error) {
    throw ioError(error, 'compact', paths.journal);
  }
}

class SealedReader {
  readonly start: number;
  readonly splitter: LineSplitter;
  readonly #path: string;
  readonly #log: SessionLog;
  readonly #upTo: RootedCheckpoint;
  readonly #target: CompactionTarget | undefined;
  readonly #tally: SegmentTally;
  #keptBytes = 0;
  #lastBytes = 0;
  #before: ReturnType<typeof logBefore> | undefined;
  #last: JournalRecord | undefined;

  constructor(path: string, base: LogBase | undefined, upTo: RootedCheckpoint, target: CompactionTarget | undefined) {
    this.#path = path;
    this.#upTo = upTo;
    this.#target = target;
    this.#log = new SessionLog(refuseProblems(path));
    this.start = this.#begin(base);
    this.#tally = target?.segments.tally ?? new SegmentTally(this.#log.lines);
    this.splitter = new LineSplitter(
      this.start,
      (line, byteOffset) => this.#line(line, byteOffset),
      () => {
        throw this.#refusal();
      },
    );
  }

  async finish(): Promise<Digest> {
    this.#log.finish();
    const last = this.#last;
    const isWhole = this.#log.lines === this.#upTo.lines && last?.recordType === 'checkpoint';
    if (!isWhole || this.#before === undefined) throw this.#refusal();
    const before = this.#before;
    const finish = (tally: SegmentTally): ReturnType<SegmentTally['finish']> =>
      tally.finish(last.checkpoint, last.note, before);
    const manifest = await this.#target?.segments.seal(finish);
    const seal = { leaf: this.#log.head ?? Buffer.alloc(0), lineBytes: this.#lastBytes };
    return { manifest, events: this.#tally.events, keptBytes: this.#keptBytes, seal };
  }

  #begin(base: LogBase | undefined): number {
    const last = base?.segments.at(-1);
    if (base === undefined || last === undefined) return 0;
    const { prelude, seal } = base;
    this.#keep(prelude.header.bytes);
    for (const { bytes } of prelude.checkpoints) this.#keep(bytes);
    const start = seal.byteOffset + seal.bytes.length + 1;
    restoreBefore(this.#log, last, prelude, start);
    this.#log.add(seal.bytes, seal.byteOffset);
    return start;
  }

  #line(line: Buffer, byteOffset: number): void {
    if (byteOffset + line.length + 1 === this.#upTo.endOffset) this.#before = logBefore(this.#log);
    this.#last = this.#log.add(line, byteOffset);
    this.#lastBytes = line.length;
    const leaf = this.#log.head ?? Buffer.alloc(0);
    if (this.#target === undefined) this.#tally.addLine(leaf, this.#last);
    else this.#target.segments.add(line, leaf, this.#last);
    if (this.#last?.recordType !== 'event') this.#keep(line);
  }

  #keep(line: Buffer): void {
    this.#keptBytes += line.length + 1;
    this.#target?.journal.write(Buffer.concat([line, LF]));
  }

  #refusal(): GaitError {
    return new GaitError('JOURNAL_CORRUPT', `${this.#path} is not what its index says`, {
      details: { path: this.#path, expected_lines: this.#upTo.lines, found_lines: this.#log.lines },
    });
  }
}
