/** Journals to test with: written by the engine, written by hand as the Go tool would, and damaged on purpose. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  GaitError,
  openJournal,
  startSession,
  type EventInput,
  type FileSystem,
  type Journal,
  type OpenOptions,
} from '../../src/index.js';
import { nodeFileSystem } from '../../src/journal/store/index.js';
import { tempDir } from './temp-dir.js';

export const IDS = { session_id: 's1', run_id: 'run_1' } as const;

/** A clock that stands still, so that two runs give the same bytes. */
const FIXED_TIME = Date.UTC(2026, 1, 1, 9, 30);

/** The real file system without its syncs: thousands of recoveries in a test need no power cut to survive. */
const unsyncedFileSystem: FileSystem = {
  ...nodeFileSystem,
  sync: () => undefined,
  syncData: () => undefined,
  syncDirectory: () => undefined,
};

/** Options under which the same calls write the same bytes, fast. */
export const QUICK: { readonly fileSystem: FileSystem; readonly clock: () => number; readonly lockLayers: 'kernel' } = {
  fileSystem: unsyncedFileSystem,
  clock: () => FIXED_TIME,
  lockLayers: 'kernel',
};

let root: string | undefined;

/** A new folder for one journal. */
export function newFolder(): string {
  root ??= tempDir();
  return mkdtempSync(join(root, 'j-'));
}

export function toolCall(number: number, more: Partial<EventInput> = {}): EventInput {
  return { tool_name: `tool.${number}`, verdict: 'allow', ...more };
}

/** Starts a session in a new folder and appends `count` events. Returns the journal's path. */
export async function newJournal(count = 0, options: OpenOptions = QUICK): Promise<string> {
  const path = join(newFolder(), 'journal.jsonl');
  await startSession(path, IDS, options);
  if (count === 0) return path;
  await withJournal(
    path,
    (journal) => journal.appendAll(Array.from({ length: count }, (_, i) => toolCall(i + 1))),
    options,
  );
  return path;
}

/** Opens, works, closes, whatever happens. */
export async function withJournal<T>(
  path: string,
  work: (journal: Journal) => Promise<T>,
  options: OpenOptions = QUICK,
): Promise<T> {
  const journal = await openJournal(path, options);
  try {
    return await work(journal);
  } finally {
    await journal.close();
  }
}

/** The GaitError that a promise rejects with; anything else, also a result, fails the test. */
export async function caught(work: Promise<unknown>): Promise<GaitError> {
  let value: unknown;
  try {
    value = await work;
  } catch (error) {
    if (error instanceof GaitError) return error;
    throw error;
  }
  throw new Error(`expected a GaitError, got ${JSON.stringify(value)}`);
}

/** The journal's whole lines, without their LF. */
export function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

export function removeIndex(path: string): void {
  rmSync(`${path}.gait/index`, { force: true });
}

/** Every entry below a folder with its content, as text that a failed comparison can show. */
export function folderContent(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return Object.fromEntries(
    entries
      .toSorted()
      .map((path) => [
        relative(folder, path),
        lstatSync(path).isFile() ? readFileSync(path).toString('latin1') : 'not a file',
      ]),
  );
}

/** An event line as the Go tool writes it: no `prev`, its own key order, HTML-safe escapes. */
export function goEventLine(sequence: number, ids: { session_id: string; run_id: string } = IDS): string {
  const facts = { created_at: '2026-02-01T00:00:00.5Z', producer_version: '0.0.0-dev', ...ids, sequence };
  const event = { schema_id: 'gait.runpack.session_event', schema_version: '1.0.0', ...facts };
  return goText({ record_type: 'event', event: { ...event, tool_name: 'go<tool>', verdict: 'allow' } });
}

/** A checkpoint line as the Go tool writes it, over events `start` to `end`. */
export function goCheckpointLine(index: number, start: number, end: number, prevDigest = ''): string {
  const manifest = createHash('sha256').update(`manifest ${index}`).digest('hex');
  const digest = createHash('sha256').update(`${manifest}:${prevDigest}:${index}:${start}:${end}`).digest('hex');
  const checkpoint = {
    schema_id: 'gait.runpack.session_checkpoint',
    schema_version: '1.0.0',
    created_at: '2026-02-01T00:00:01Z',
    producer_version: '0.0.0-dev',
    ...IDS,
    checkpoint_index: index,
    sequence_start: start,
    sequence_end: end,
    runpack_path: `cp${index}.zip`,
    manifest_digest: manifest,
    ...(prevDigest === '' ? {} : { prev_checkpoint_digest: prevDigest }),
    checkpoint_digest: digest,
  };
  return goText({ record_type: 'checkpoint', checkpoint });
}

function goText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
