/** What retention has to know of a zip file: when it was made, whose it is, and which payloads it carries. Judges nothing. */
import { parseJson } from '../../sign/index.js';
import { errnoOf, ioError, openRegularFile, ZipReader, type FileSystem } from '../store/index.js';
import type { JsonObject } from '../types.js';
import { MAX_ENTRIES, MAX_MANIFEST_BYTES } from './limits.js';
import { MANIFEST_NAME, PAYLOAD_FOLDER } from './manifest.js';
import { listZip, readEntry, type ZipListing } from './read-zip.js';

export interface PackFacts {
  /** True for the pack of a checkpoint; other packs have a manifest of another kind, or none. */
  readonly isRunpack: boolean;
  /** As its manifest says; undefined when that says nothing. */
  readonly createdAt: string | undefined;
  readonly sessionId: string | undefined;
  /** Hashes of the payloads in it. */
  readonly payloads: readonly string[];
}

/** Of evidence packs, which the Go tool's guard makes. */
const PACK_MANIFEST_NAME = 'pack_manifest.json';
const RUNPACK_SCHEMA_ID = 'gait.runpack.manifest';
/** The first record says whose they all are. */
const FIRST_RECORD_BYTES = 1024 * 1024;

/** Undefined for what is no zip file. Throws IO_ERROR. */
export async function readPackFacts(fs: FileSystem, path: string): Promise<PackFacts | undefined> {
  try {
    const { descriptor, size } = openRegularFile(fs, path);
    try {
      const zip = await ZipReader.open(fs, descriptor, size, MAX_ENTRIES);
      return 'notZip' in zip ? undefined : await factsOf(zip);
    } finally {
      fs.close(descriptor);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw ioError(error, 'read pack', path);
  }
}

async function factsOf(zip: ZipReader): Promise<PackFacts> {
  const listing = await listZip(zip, () => undefined);
  const manifest =
    parseObject(await head(zip, listing, MANIFEST_NAME, MAX_MANIFEST_BYTES)) ??
    parseObject(await head(zip, listing, PACK_MANIFEST_NAME, MAX_MANIFEST_BYTES));
  const isRunpack = manifest?.['schema_id'] === RUNPACK_SCHEMA_ID;
  const createdAt = manifest?.['created_at'] ?? manifest?.['generated_at'];
  return {
    isRunpack,
    createdAt: typeof createdAt === 'string' ? createdAt : undefined,
    sessionId: isRunpack ? await sessionOf(zip, listing) : undefined,
    payloads: [...listing.names]
      .filter((name) => name.startsWith(PAYLOAD_FOLDER))
      .map((name) => name.slice(PAYLOAD_FOLDER.length)),
  };
}

async function sessionOf(zip: ZipReader, listing: ZipListing): Promise<string | undefined> {
  const [first = ''] = (await head(zip, listing, 'intents.jsonl', FIRST_RECORD_BYTES)).split('\n');
  const args = parseObject(first)?.['args'];
  const id = typeof args === 'object' && args !== null ? (args as JsonObject)['session_id'] : undefined;
  return typeof id === 'string' ? id : undefined;
}

/** The beginning of an entry; empty when there is no such entry, or it cannot be read. */
async function head(zip: ZipReader, listing: ZipListing, name: string, maxBytes: number): Promise<string> {
  const entry = listing.entries.get(name);
  if (entry === undefined) return '';
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readEntry(zip, entry, () => undefined)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseObject(text: string): JsonObject | undefined {
  if (text === '') return undefined;
  try {
    const value: unknown = parseJson(text);
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined;
  } catch {
    // Not ours to judge: verify says what is wrong with it.
    return undefined;
  }
}
