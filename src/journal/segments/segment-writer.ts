/**
 * Writes the files of a segment under temporary names, in flat memory, and puts them in place once they are durable and were
 * read back. Compression runs beside the reading, on the thread pool.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gzip as gzipCallback } from 'node:zlib';
import { GaitError } from '../../errors.js';
import type { JournalRecord } from '../record.js';
import { NewFile, replaceFile, type FileSystem, type JournalPaths } from '../store/index.js';
import type { World } from '../settings.js';
import { ALL_TIMES, joined, type TimeSpan } from '../time-span.js';
import { encodeManifest, segmentName, type SegmentBlock, type SegmentManifest } from './segment.js';
import { LEAVES_SUFFIX, LINES_SUFFIX, MANIFEST_SUFFIX, segmentPath } from './segment-files.js';
import { blocksOf } from './segment-reader.js';
import { SegmentTally, spanOf, type SegmentFacts } from './segment-tally.js';

/** Large enough to compress well, small enough to be read for one event. */
const BLOCK_BYTES = 1024 * 1024;
/** Blocks that may be compressed at the same time. */
const IN_FLIGHT = 2;
const LEAVES_AT_ONCE = 2_048;
/** Evidence repeats itself: more effort costs much and saves little. */
const LEVEL = 4;

const gzip = promisify(gzipCallback);

interface OpenBlock {
  readonly leafStart: number;
  readonly sequenceBefore: number;
  firstSequence: number;
  span: TimeSpan | undefined;
  bytes: Buffer;
  length: number;
}

export class SegmentWriter {
  readonly tally: SegmentTally;
  readonly #world: World;
  readonly #paths: JournalPaths;
  readonly #lines: NewFile;
  readonly #leaves: NewFile;
  #block: OpenBlock;
  #leafBuffer: Buffer[] = [];
  readonly #blocks: SegmentBlock[] = [];
  #waiting: { readonly block: OpenBlock; readonly compressed: Promise<Buffer> }[] = [];

  /** Throws the file system's own errors, as all methods do. The folder must be there. */
  constructor(world: World, paths: JournalPaths, leafStart: number) {
    this.#world = world;
    this.#paths = paths;
    this.tally = new SegmentTally(leafStart);
    this.#block = newBlock(leafStart, 0);
    const { fs, nonce } = world;
    const temporary = nonce();
    this.#lines = new NewFile(fs, segmentPath(paths, 'lines', LINES_SUFFIX), temporary);
    try {
      this.#leaves = new NewFile(fs, segmentPath(paths, 'leaves', LEAVES_SUFFIX), temporary);
    } catch (error) {
      this.#lines.discard();
      throw error;
    }
  }

  /** @param line copied */
  add(line: Buffer, leaf: Buffer, record: JournalRecord | undefined): void {
    if (this.#block.length + line.length >= BLOCK_BYTES) this.#endBlock();
    const block = this.#block;
    if (line.length >= block.bytes.length) block.bytes = Buffer.allocUnsafe(line.length + 1);
    line.copy(block.bytes, block.length);
    block.length += line.length + 1;
    block.bytes[block.length - 1] = LF;
    this.tally.addLine(leaf, record);
    const span = spanOf(record);
    block.span = block.span === undefined ? span : joined(block.span, span);
    this.#leafBuffer.push(leaf);
    if (block.firstSequence === 0 && record?.recordType === 'event') block.firstSequence = record.event.sequence;
    if (this.#leafBuffer.length >= LEAVES_AT_ONCE) this.#flushLeaves();
  }

  /** Call often: waits while too much is being compressed. */
  async rest(): Promise<void> {
    while (this.#waiting.length > IN_FLIGHT) await this.#writeNext();
  }

  /**
   * The files are durable and read back as they were written; nothing is in place yet.
   *
   * @param finish called once the tally has taken everything in
   */
  async seal(finish: (tally: SegmentTally) => SegmentFacts): Promise<SegmentManifest> {
    this.#endBlock();
    const facts = finish(this.tally);
    while (this.#waiting.length > 0) await this.#writeNext();
    this.#flushLeaves();
    this.#lines.seal();
    this.#leaves.seal();
    const manifest = { ...facts, blocks: this.#blocks };
    readBack(this.#world.fs, this.#lines.temporaryPath, manifest);
    return manifest;
  }

  /** Lines, leaf hashes, manifest: each in place and durable before the next. Only under the lock. */
  place(manifest: SegmentManifest): void {
    const { fs, nonce } = this.#world;
    const name = segmentName(manifest);
    this.#lines.replace(segmentPath(this.#paths, name, LINES_SUFFIX));
    fs.syncDirectory(this.#paths.segments);
    this.#leaves.replace(segmentPath(this.#paths, name, LEAVES_SUFFIX));
    fs.syncDirectory(this.#paths.segments);
    const content = Buffer.from(encodeManifest(manifest));
    replaceFile(fs, segmentPath(this.#paths, name, MANIFEST_SUFFIX), content, { durable: true, nonce: nonce() });
  }

  /** Removes what is left under temporary names. */
  discard(): void {
    this.#lines.discard();
    this.#leaves.discard();
  }

  #endBlock(): void {
    const block = this.#block;
    if (block.length === 0) return;
    const bytes = block.bytes.subarray(0, block.length);
    this.tally.addContent(bytes);
    const compressed = gzip(bytes, {
      level: LEVEL,
      memLevel: constants.Z_MAX_MEMLEVEL,
    });
    // Awaited later, in order; a failure meanwhile must not count as unhandled.
    compressed.catch(() => undefined);
    this.#waiting.push({ block, compressed });
    this.#block = newBlock(this.tally.leafEnd, this.tally.lastSequence);
  }

  async #writeNext(): Promise<void> {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    const { block } = next;
    const bytes = await next.compressed;
    this.#lines.write(bytes);
    this.#blocks.push({
      gzip_bytes: bytes.length,
      raw_bytes: block.length,
      leaf_start: block.leafStart,
      first_sequence: block.firstSequence === 0 ? block.sequenceBefore : block.firstSequence,
      ...(block.span ?? ALL_TIMES),
    });
  }

  #flushLeaves(): void {
    if (this.#leafBuffer.length > 0) this.#leaves.write(Buffer.concat(this.#leafBuffer));
    this.#leafBuffer = [];
  }
}

const LF = 0x0a;

function newBlock(leafStart: number, sequenceBefore: number): OpenBlock {
  return {
    leafStart,
    sequenceBefore,
    firstSequence: 0,
    span: undefined,
    bytes: Buffer.allocUnsafe(BLOCK_BYTES),
    length: 0,
  };
}

/** The lines are about to be taken out of the journal: what was written must be what will be read. */
function readBack(fs: FileSystem, path: string, manifest: SegmentManifest): void {
  const content = createHash('sha256');
  for (const { bytes } of blocksOf(fs, path, manifest)) content.update(bytes);
  if (content.digest('hex') === manifest.content_sha256) return;
  throw new GaitError('IO_ERROR', `${path} does not read back as it was written`, { details: { path } });
}
