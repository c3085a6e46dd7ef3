/**
 * Reads what a zip file says, and judges nothing: names are raw bytes, sizes are claims, and the two headers that each
 * entry has are both given out, because two readers of one file may believe different ones.
 */
import { pipeline, Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { CHUNK_BYTES } from './file-chunks.js';
import { rangeChunks } from './file-range.js';
import { errnoOf, type FileSystem } from './file-system.js';

/**
 * An entry as the central directory has it. Not borrowed from the library's own types: those would have to be installed by
 * whoever compiles against the package.
 */
export interface ZipEntry {
  readonly compressedSize: number;
  readonly compressionMethod: number;
  readonly crc32: number;
  readonly externalFileAttributes: number;
  readonly extraFields: readonly { readonly id: number; readonly data: Buffer }[];
  readonly fileNameRaw: Buffer;
  readonly generalPurposeBitFlag: number;
  readonly relativeOffsetOfLocalHeader: number;
  readonly uncompressedSize: number;
  readonly versionMadeBy: number;
}

/** The header that stands before an entry's data. */
export interface ZipLocalHeader {
  readonly fileDataStart: number;
  readonly generalPurposeBitFlag: number;
  readonly compressionMethod: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly fileName: Buffer;
  readonly extraField: Buffer;
}

export const STORED = 0;
export const DEFLATED = 8;

const END_RECORD_BYTES = 22;

export interface ZipDirectory {
  /** In the order of the directory, at most as many as were asked for. */
  readonly entries: readonly ZipEntry[];
  /** How many the end record promises. */
  readonly declaredEntries: number;
  /** Why reading the directory ended early. */
  readonly fault: string | undefined;
  /** Offsets of the directory's first byte, of the byte after the last entry read, and of the end record. */
  readonly start: number;
  readonly end: number;
  readonly endRecord: number;
}

export class ZipReader {
  readonly directory: ZipDirectory;
  readonly #fs: FileSystem;
  readonly #descriptor: number;
  readonly #zip: ZipFile;

  private constructor(fs: FileSystem, descriptor: number, zip: ZipFile, directory: ZipDirectory) {
    this.#fs = fs;
    this.#descriptor = descriptor;
    this.#zip = zip;
    this.directory = directory;
  }

  /**
   * @param descriptor stays open and the caller's
   * @returns undefined with a reason when there is no zip file in these bytes
   * @throws the file system's own errors
   */
  static async open(
    fs: FileSystem,
    descriptor: number,
    sizeBytes: number,
    maxEntries: number,
  ): Promise<ZipReader | { readonly notZip: string }> {
    // Loaded here, so that a program that only appends never pays for it.
    const { fromRandomAccessReaderPromise, RandomAccessReader } = await import('yauzl');
    class DescriptorReader extends RandomAccessReader {
      override read(
        buffer: Buffer,
        offset: number,
        length: number,
        position: number,
        callback: (error: Error | null) => void,
      ): void {
        // A position that no file can have is a lie of the zip, not a failure of the disk.
        const isInFile = Number.isSafeInteger(position) && position >= 0 && position + length <= sizeBytes;
        const isRead = isInFile && readFully(fs, descriptor, buffer.subarray(offset, offset + length), position);
        callback(isRead ? null : new Error('points outside the file'));
      }
    }
    let zip: ZipFile;
    try {
      zip = await fromRandomAccessReaderPromise(new DescriptorReader(), sizeBytes, {
        autoClose: false,
        // Names and sizes are judged by the caller, who wants every fault and not the first.
        decodeStrings: false,
        validateEntrySizes: false,
      });
    } catch (error) {
      return { notZip: faultOf(error) };
    }
    return new ZipReader(fs, descriptor, zip, await readDirectory(zip, maxEntries));
  }

  /** The header before an entry's data; a reason when there is none. Throws the file system's own errors. */
  async localHeader(entry: ZipEntry): Promise<ZipLocalHeader | { readonly fault: string }> {
    try {
      return await this.#zip.readLocalFileHeaderPromise(entry as Entry);
    } catch (error) {
      return { fault: faultOf(error) };
    }
  }

  /** A few raw bytes; fewer at the end of the file. */
  bytesAt(position: number, length: number): Buffer {
    return Buffer.concat([...rangeChunks(this.#fs, this.#descriptor, position, position + length)]);
  }

  /**
   * An entry's content, inflated where it must be, in bounded pieces. The caller counts: a bomb is stopped by no longer
   * asking.
   *
   * @throws ZipFault for data that does not inflate or has something behind it; the file system's own errors
   */
  async *content(entry: ZipEntry, dataStart: number): AsyncGenerator<Buffer> {
    const raw = rangeChunks(this.#fs, this.#descriptor, dataStart, dataStart + entry.compressedSize);
    if (entry.compressionMethod === STORED) {
      yield* raw;
      return;
    }
    const inflate = createInflateRaw({ chunkSize: CHUNK_BYTES });
    // The callback's error also destroys `inflate`, whose reader is the loop below.
    pipeline(Readable.from(raw, { objectMode: false }), inflate, () => undefined);
    try {
      for await (const chunk of inflate) yield chunk as Buffer;
    } catch (error) {
      throw new ZipFault(faultOf(error));
    }
    if (inflate.bytesWritten !== entry.compressedSize)
      throw new ZipFault('bytes follow the end of the compressed data');
  }
}

/** Data of an entry that cannot be read as the directory says. */
export class ZipFault extends Error {}

async function readDirectory(zip: ZipFile, maxEntries: number): Promise<ZipDirectory> {
  const entries: ZipEntry[] = [];
  const start = zip.readEntryCursor as unknown as number;
  let fault: string | undefined;
  try {
    if (maxEntries > 0) {
      for await (const entry of zip.eachEntry()) {
        entries.push(entry);
        if (entries.length >= maxEntries) break;
      }
    }
  } catch (error) {
    fault = faultOf(error);
  }
  return {
    entries,
    declaredEntries: zip.entryCount,
    fault,
    start,
    end: zip.readEntryCursor as unknown as number,
    endRecord: zip.fileSize - END_RECORD_BYTES - zip.comment.length,
  };
}

function readFully(fs: FileSystem, descriptor: number, buffer: Buffer, position: number): boolean {
  let done = 0;
  while (done < buffer.length) {
    const count = fs.read(descriptor, buffer, done, buffer.length - done, position + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}

/** What the bytes are at fault for. Throws what they are not: a failure of the disk. */
function faultOf(error: unknown): string {
  if (/^E[A-Z0-9]+$/.test(errnoOf(error) ?? '')) throw error;
  return error instanceof Error ? error.message : String(error);
}
