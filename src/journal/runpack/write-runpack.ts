/**
 * Writes the runpack of a checkpoint: one pass over the events, which are put aside on the disk until the manifest that
 * goes before them is known; then one zip file that appears whole or not at all. Flat memory, the same bytes every time.
 */
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { GaitError } from '../../errors.js';
import { sha256Hex, type KeyPair } from '../../sign/index.js';
import type { World } from '../settings.js';
import {
  cleanPath,
  errnoOf,
  ioError,
  makeDirectories,
  NewFile,
  SpoolFile,
  TurnTaker,
  zipBytes,
  type JournalPaths,
  type ZipSource,
} from '../store/index.js';
import type { SessionEvent } from '../types.js';
import { MAX_ENTRIES, MAX_ENTRY_BYTES, MAX_TOTAL_BYTES } from './limits.js';
import { buildManifest, MANIFEST_NAME, PAYLOAD_FOLDER, type ManifestFile } from './manifest.js';
import {
  checkpointRunId,
  checkpointTimelineEntry,
  eventTimelineEntry,
  intentRecord,
  refsRecord,
  resultRecord,
  RUN_END,
  runStart,
  type RunEnvironment,
  type RunFacts,
} from './session-records.js';
import { isSessionFile } from './session-files.js';
import { SpooledEntry, tooLarge } from './spooled-entry.js';

/** A payload file to carry along. */
export interface RunpackPayload {
  /** SHA-256 of the whole file, lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly open: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface WriteRunpackOptions {
  /** Where to: a path at which nothing is yet. Missing directories are made. */
  readonly out: string;
  /** The session's own files, none of which may be the output. */
  readonly journal: JournalPaths;
  /** In order, read once. */
  readonly events: Iterable<SessionEvent> | AsyncIterable<SessionEvent>;
  readonly runId: string;
  readonly checkpointIndex: number;
  /** RFC 3339 as stored, see timestamp.ts. */
  readonly createdAt: string;
  readonly producerVersion: string;
  readonly key?: KeyPair | undefined;
  readonly payloads?: readonly RunpackPayload[];
  /** What made the pack; this process by default. */
  readonly env?: RunEnvironment;
  readonly signal?: AbortSignal;
}

export interface WrittenRunpack {
  /** The path as cleaned. */
  readonly path: string;
  readonly runId: string;
  readonly manifestDigest: string;
  readonly events: number;
  /** Uncompressed sizes of the entries, by name. */
  readonly filesBytes: Readonly<Record<string, number>>;
  readonly sizeBytes: number;
}

/**
 * @throws GaitError OUTPUT_EXISTS when anything is at the path or the path belongs to a session (W11, W12);
 * RUNPACK_TOO_LARGE for a pack that could not be read back; PAYLOAD_ALTERED; INVALID_PATH; IO_ERROR; DISK_FULL; the
 * signal's reason. Whatever is thrown, nothing is at the path and nothing is left beside it.
 */
export async function writeRunpack(world: World, options: WriteRunpackOptions): Promise<WrittenRunpack> {
  const { fs } = world;
  const path = cleanPath(options.out);
  try {
    checkRunpackTarget(world, path, options.journal);
    makeDirectories(fs, dirname(path));
    return await new PackWriter(world, path, options).write();
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw outputExists(path, 'something is there already');
    if (errnoOf(error) === undefined || error instanceof GaitError) throw error;
    throw ioError(error, 'write runpack', path);
  }
}

/** Refuses a path before any work is done: with the same errors, and as early as the caller likes. */
export function checkRunpackTarget(world: World, out: string, journal: JournalPaths): void {
  const path = cleanPath(out);
  const { fs } = world;
  if (fs.lstat(path) !== undefined) throw outputExists(path, 'something is there already');
  if (isSessionFile(fs, path, [journal])) throw outputExists(path, 'the name belongs to the files of a session');
}

function outputExists(path: string, reason: string): GaitError {
  return new GaitError('OUTPUT_EXISTS', `refusing to write a runpack to ${path}: ${reason}`, {
    details: { path, reason },
  });
}

class PackWriter {
  readonly #world: World;
  readonly #path: string;
  readonly #options: WriteRunpackOptions;
  readonly #run: RunFacts;
  readonly #turns = new TurnTaker();
  readonly #spools: SpooledEntry[] = [];
  readonly #nonce: string;

  constructor(world: World, path: string, options: WriteRunpackOptions) {
    this.#world = world;
    this.#path = path;
    this.#options = options;
    this.#nonce = world.nonce();
    this.#run = {
      runId: checkpointRunId(options.runId, options.checkpointIndex),
      checkpointIndex: options.checkpointIndex,
      createdAt: options.createdAt,
      producerVersion: options.producerVersion,
      env: options.env ?? thisEnvironment(),
    };
  }

  async write(): Promise<WrittenRunpack> {
    try {
      const intents = this.#spool('intents.jsonl');
      const results = this.#spool('results.jsonl');
      const run = this.#spool('run.json');
      const events = await this.#spoolEvents(intents, results, run);
      const refs = memorySource('refs.json', refsRecord(this.#run));
      const payloads = this.#payloadSources();
      const bodies = [...this.#spools.map((entry) => entry.source()), refs.source, ...payloads];
      const files: ManifestFile[] = [
        ...this.#spools.map((entry) => ({ path: entry.name, sha256: entry.digest() })),
        { path: refs.source.name, sha256: refs.sha256 },
        ...payloads.map(({ name }) => ({ path: name, sha256: name.slice(PAYLOAD_FOLDER.length) })),
      ];
      const { producerVersion, createdAt, runId } = this.#run;
      const manifest = buildManifest({ createdAt, producerVersion, runId, files }, this.#options.key);
      const sources = [...bodies, memorySource(MANIFEST_NAME, manifest.text).source];
      this.#checkSize(sources);
      return {
        path: this.#path,
        runId,
        manifestDigest: manifest.digest,
        events,
        filesBytes: Object.fromEntries(sources.map(({ name, sizeBytes }) => [name, sizeBytes])),
        sizeBytes: await this.#publish(sources.toSorted((a, b) => (a.name < b.name ? -1 : 1))),
      };
    } finally {
      removeAll(this.#spools);
    }
  }

  async #spoolEvents(intents: SpooledEntry, results: SpooledEntry, run: SpooledEntry): Promise<number> {
    let count = 0;
    run.append(runStart(this.#run));
    for await (const event of this.#options.events) {
      count += 1;
      intents.append(`${intentRecord(event, count, this.#run)}\n`);
      results.append(`${resultRecord(event, count, this.#run)}\n`);
      run.append(`${eventTimelineEntry(event)},`);
      await this.#rest();
    }
    run.append(`${checkpointTimelineEntry(this.#run)}${RUN_END}`);
    return count;
  }

  #spool(name: string): SpooledEntry {
    const path = join(dirname(this.#path), `.${basename(this.#path)}.tmp-${this.#nonce}-${name}`);
    const entry = new SpooledEntry(name, new SpoolFile(this.#world.fs, path));
    this.#spools.push(entry);
    return entry;
  }

  #payloadSources(): ZipSource[] {
    const payloads = new Map((this.#options.payloads ?? []).map((payload) => [payload.sha256, payload]));
    return [...payloads.values()].map((payload) => ({
      name: `${PAYLOAD_FOLDER}${payload.sha256}`,
      sizeBytes: payload.sizeBytes,
      chunks: () => checkedPayload(payload),
    }));
  }

  #checkSize(sources: readonly ZipSource[]): void {
    let totalBytes = 0;
    for (const { name, sizeBytes } of sources) {
      if (sizeBytes > MAX_ENTRY_BYTES) throw tooLarge(`its ${name} would be ${sizeBytes} bytes long`);
      totalBytes += sizeBytes;
    }
    if (totalBytes > MAX_TOTAL_BYTES) throw tooLarge(`it would hold ${totalBytes} bytes`);
    if (sources.length > MAX_ENTRIES) throw tooLarge(`it would hold ${sources.length} files`);
  }

  async #publish(sources: readonly ZipSource[]): Promise<number> {
    const file = new NewFile(this.#world.fs, this.#path, this.#nonce);
    try {
      for await (const chunk of zipBytes(sources)) {
        file.write(chunk);
        await this.#rest();
      }
      file.commit();
      return file.sizeBytes;
    } finally {
      file.discard();
    }
  }

  async #rest(): Promise<void> {
    await this.#turns.rest();
    this.#options.signal?.throwIfAborted();
  }
}

function memorySource(name: string, text: string): { readonly source: ZipSource; readonly sha256: string } {
  const bytes = Buffer.from(text);
  return { source: { name, sizeBytes: bytes.length, chunks: () => [bytes] }, sha256: sha256Hex(bytes) };
}

/** The manifest has the payload's name for a digest before its bytes are seen: they are held to it here. */
async function* checkedPayload(payload: RunpackPayload): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of payload.open()) {
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest('hex');
  if (found === payload.sha256) return;
  throw new GaitError('PAYLOAD_ALTERED', `the payload ${payload.sha256} has other content than its name says`, {
    details: { expected: payload.sha256, found },
  });
}

/** Named as the Go tool names systems, so that packs of both can be compared. */
function thisEnvironment(): RunEnvironment {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return { os, arch, runtime: 'node' };
}

/** One that cannot be removed does not keep the others. */
function removeAll(spools: readonly SpooledEntry[]): void {
  const [first, ...rest] = spools;
  if (first === undefined) return;
  try {
    first.remove();
  } finally {
    removeAll(rest);
  }
}
