/** Reads the lines of a segment, block by block: what one event costs does not depend on the size of the segment. */
import { GaitError } from '../../errors.js';
import { errnoOf, ioError, LineSplitter, openRegularFile, type FileSystem } from '../store/index.js';
import type { SegmentManifest } from './segment.js';

/** A block of whole lines. */
export interface RawBlock {
  readonly bytes: Buffer;
  /** Of its first byte in the lines of the segment. */
  readonly byteOffset: number;
}

/**
 * The blocks from number `first` on. A compressed block is never let grow past what the manifest says.
 *
 * @throws GaitError SEGMENT_MISSING when there is no such file, SEGMENT_DAMAGED when it does not hold what the manifest says,
 * IO_ERROR
 */
export function* blocksOf(
  fs: FileSystem,
  path: string,
  { blocks }: Pick<SegmentManifest, 'blocks'>,
  first = 0,
): Generator<RawBlock, void, undefined> {
  const { descriptor, size } = openLines(fs, path);
  try {
    let gzipOffset = 0;
    let byteOffset = 0;
    for (const [at, { gzip_bytes: gzipBytes, raw_bytes: rawBytes }] of blocks.entries()) {
      if (at >= first) yield { bytes: unpack(fs, descriptor, path, gzipOffset, gzipBytes, rawBytes), byteOffset };
      gzipOffset += gzipBytes;
      byteOffset += rawBytes;
    }
    if (gzipOffset !== size) throw damaged(path, 'it is longer or shorter than it was written');
  } finally {
    fs.close(descriptor);
  }
}

/** Number of the block to begin with when events from `sequence` on are wanted. */
export function blockBefore({ blocks }: Pick<SegmentManifest, 'blocks'>, sequence: number): number {
  const after = blocks.findIndex((block) => block.first_sequence >= sequence);
  return Math.max((after === -1 ? blocks.length : after) - 1, 0);
}

/** Feeds the lines of a block. @param onLine gets offsets in the lines of the segment */
export function eachLine(block: RawBlock, onLine: (line: Buffer, byteOffset: number) => void): void {
  const splitter = new LineSplitter(block.byteOffset, onLine, (sizeBytes, byteOffset) => {
    throw new GaitError('SEGMENT_DAMAGED', `a line of ${sizeBytes} bytes at ${byteOffset}`, {
      details: { byte_offset: byteOffset, size_bytes: sizeBytes },
    });
  });
  splitter.push(block.bytes);
}

function openLines(fs: FileSystem, path: string): { readonly descriptor: number; readonly size: number } {
  try {
    return openRegularFile(fs, path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw ioError(error, 'read segment', path);
    throw new GaitError('SEGMENT_MISSING', `the lines of ${path} are not there`, { cause: error, details: { path } });
  }
}

function unpack(
  fs: FileSystem,
  descriptor: number,
  path: string,
  gzipOffset: number,
  gzipBytes: number,
  rawBytes: number,
): Buffer {
  const compressed = readFully(fs, descriptor, path, gzipOffset, gzipBytes);
  let bytes: Buffer;
  try {
    // Loaded by those alone who read a segment: every append would pay for it otherwise.
    bytes = process.getBuiltinModule('node:zlib').gunzipSync(compressed, { maxOutputLength: Math.max(rawBytes, 1) });
  } catch (cause) {
    throw damaged(path, `the block at byte ${gzipOffset} does not unpack`, cause);
  }
  if (bytes.length !== rawBytes || bytes.at(-1) !== 0x0a)
    throw damaged(path, 'a block holds other lines than it should');
  return bytes;
}

function readFully(fs: FileSystem, descriptor: number, path: string, start: number, length: number): Buffer {
  const { size } = fs.fstat(descriptor);
  if (start + length > size) throw damaged(path, 'it is shorter than it was written');
  const bytes = Buffer.allocUnsafe(length);
  try {
    for (let done = 0; done < length;) {
      const count = fs.read(descriptor, bytes, done, length - done, start + done);
      if (count === 0) throw damaged(path, 'it became shorter while it was read');
      done += count;
    }
  } catch (error) {
    throw ioError(error, 'read segment', path);
  }
  return bytes;
}

export function damaged(path: string, reason: string, cause?: unknown): GaitError {
  return new GaitError('SEGMENT_DAMAGED', `${path}: ${reason}`, { cause, details: { path } });
}
