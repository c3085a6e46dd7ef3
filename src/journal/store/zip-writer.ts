/** Zip files whose bytes depend on nothing but names and contents: method stored, one fixed time, mode 0644. */
import { Readable } from 'node:stream';

export interface ZipSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly chunks: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

const FIXED = {
  // The DOS epoch by this machine's own calendar: yazl writes local time, so that every machine writes 1980-01-01 00:00:00.
  mtime: new Date(1980, 0, 1),
  // Without the extra field that would hold the same instant in UTC.
  forceDosTimestamp: true,
  mode: 0o100644,
  compress: false,
} as const;

/**
 * The bytes of a zip file with these entries, in this order. Sources are opened one after the other, as they are needed.
 *
 * @throws what a source throws, and Error when one does not yield as many bytes as it said
 */
export async function* zipBytes(sources: readonly ZipSource[]): AsyncGenerator<Buffer> {
  // Loaded here, so that a program that only appends never pays for it.
  const { ZipFile } = await import('yazl');
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  // yazl pipes without forwarding errors: an unheard one would end the process.
  const fail = (error: unknown): void => void output.destroy(error as Error);
  zip.on('error', fail);
  for (const { name, sizeBytes, chunks } of sources) {
    zip.addReadStreamLazy(name, { ...FIXED, size: sizeBytes }, (give) => {
      const stream = Readable.from(opened(chunks), { objectMode: false });
      stream.on('error', fail);
      give(null, stream);
    });
  }
  zip.end();
  for await (const chunk of output) yield chunk as Buffer;
}

/** Opens a source when its first chunk is asked for: thrown here, an error is the stream's, and not an uncaught one. */
async function* opened(chunks: ZipSource['chunks']): AsyncGenerator<Uint8Array> {
  yield* chunks();
}
