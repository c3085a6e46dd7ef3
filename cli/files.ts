/** The few files that the CLI reads and writes itself: arguments from a file, its own assets, what init makes, the demo's folder. */
import { createReadStream, existsSync, fstatSync, ReadStream } from 'node:fs';
import { link, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { GaitError } from '../src/errors.js';

/** The demo's events within the package, and the parts of a report page. */
const DEMO_EVENTS = join('demo', 'events.ndjson');
const PAGE_SCRIPT = join('dist', 'report', 'page.js');
const PAGE_STYLE = join('dist', 'report', 'page.css');

/** The package's root is at most so many folders above this module, built or not. */
const MAX_LEVELS_UP = 3;

/**
 * The text of a file that an argument names.
 *
 * @param limitBytes a longer file is refused unread
 * @throws GaitError INVALID_ARGUMENT when it cannot be read, is too long or is not UTF-8
 */
export async function readArgumentFile(path: string, limitBytes: number): Promise<string> {
  const refuse = (reason: string, cause?: unknown): GaitError =>
    new GaitError('INVALID_ARGUMENT', `cannot use the file ${path}: ${reason}`, { cause, details: { path } });
  const bytes = await readAtMost(path, limitBytes + 1).catch((error: unknown) => {
    throw refuse(error instanceof Error ? error.message : String(error), error);
  });
  if (bytes.length > limitBytes) throw refuse(`it is longer than ${limitBytes} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw refuse('it is not UTF-8', error);
  }
}

/** Reads in steps: a pipe or a device has no size to go by. */
async function readAtMost(path: string, limitBytes: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const parts: Buffer[] = [];
    let total = 0;
    while (total < limitBytes) {
      const part = Buffer.allocUnsafe(Math.min(65_536, limitBytes - total));
      const { bytesRead } = await handle.read(part, 0, part.length, null);
      if (bytesRead === 0) break;
      parts.push(part.subarray(0, bytesRead));
      total += bytesRead;
    }
    return Buffer.concat(parts);
  } finally {
    await handle.close();
  }
}

/** The real events that come with the package, as a stream. Throws INTERNAL when the package is incomplete. */
export function openDemoEvents(): Readable {
  return createReadStream(packageFile(DEMO_EVENTS));
}

/** What a report page runs and looks like. Throws INTERNAL when the package is incomplete. */
export async function readPageAssets(): Promise<{ readonly script: string; readonly style: string }> {
  const [script, style] = await asIoError(
    Promise.all([readFile(packageFile(PAGE_SCRIPT), 'utf8'), readFile(packageFile(PAGE_STYLE), 'utf8')]),
  );
  return { script, style };
}

function packageFile(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let level = 0; level < MAX_LEVELS_UP; level++, folder = dirname(folder)) {
    const path = join(folder, name);
    if (existsSync(path)) return path;
  }
  throw new GaitError('INTERNAL', `the package lacks ${name}`, { hint: 'install the package again, or build it' });
}

/** Makes a file with a text, whole or not at all, and its folder. False, and nothing changed, when something is there. */
export async function createFile(path: string, text: string): Promise<boolean> {
  await asIoError(mkdir(dirname(path), { recursive: true, mode: 0o750 }));
  const temporary = `${path}.tmp-${process.pid}`;
  try {
    await asIoError(writeFile(temporary, text, { mode: 0o600, flush: true }));
    // A link, unlike a rename, replaces nothing.
    return await asIoError(
      link(temporary, path).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false;
          throw error;
        },
      ),
    );
  } finally {
    await asIoError(rm(temporary, { force: true }));
  }
}

/** Makes a folder and those above it. False when it is there. */
export async function makeFolder(path: string): Promise<boolean> {
  return (await asIoError(mkdir(path, { recursive: true, mode: 0o750 }))) !== undefined;
}

/** Makes an empty temporary folder. */
export async function makeDemoFolder(): Promise<string> {
  return await asIoError(mkdtemp(join(tmpdir(), 'gait-demo-')));
}

export async function removeFolder(path: string): Promise<void> {
  await asIoError(rm(path, { recursive: true, force: true }));
}

/** Writes a copy of a file with one byte replaced. */
export async function copyWithByte(from: string, to: string, offset: number, byte: number): Promise<void> {
  const bytes = await asIoError(readFile(from));
  bytes[offset] = byte;
  await asIoError(writeFile(to, bytes, { mode: 0o600 }));
}

async function asIoError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new GaitError('IO_ERROR', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Whether anything is at a path. */
export function isThere(path: string): boolean {
  return existsSync(path);
}

/** Standard input that is a file: how much of how much has been read, asked again each time. */
export interface InputFile {
  readonly bytesRead: number;
  readonly sizeBytes: number;
}

/** Undefined for a pipe or a terminal, which have no size. */
export function inputFile(stream: Readable): InputFile | undefined {
  if (!(stream instanceof ReadStream)) return undefined;
  const { fd } = stream as ReadStream & { readonly fd?: number | null };
  const stats = typeof fd === 'number' ? fstatSync(fd) : undefined;
  if (stats === undefined || !stats.isFile()) return undefined;
  return {
    get bytesRead() {
      return stream.bytesRead;
    },
    sizeBytes: stats.size,
  };
}
