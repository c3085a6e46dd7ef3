/** Files that are no journals: traces, runpacks, packs, chains, by name and content. */
import { createHash } from 'node:crypto';
import { isGaitError } from '../errors.js';
import {
  detectArtifact,
  ioError,
  openRegularFile,
  readChunks,
  readPackFacts,
  readTextFile,
  type FileSystem,
  type PackFacts,
} from '../journal/index.js';
import { parseJson } from '../sign/index.js';
import type { WalkEntry } from './inventory-walk.js';
import type { FileItem } from './types.js';

/** Names of packs that are made of evidence, not by a checkpoint: the Go tool's. */
const PACK_NAME = /^(?:(?:evidence|incident)_pack_.*\.(?:zip|gaitenc)|pack_.*\.zip)$/i;
const TRACE_NAME = /^trace_.*\.json$/i;

/** A file, and the id of the decision that it is about, if it is a trace that says so. */
export interface ReadFile {
  readonly item: FileItem;
  readonly traceId: string | undefined;
}

/** Throws IO_ERROR. */
export async function readFileItem(fs: FileSystem, entry: WalkEntry): Promise<ReadFile | 'chain' | 'unknown'> {
  const base = entry.name.slice(entry.name.lastIndexOf('/') + 1);
  const kind = detectArtifact(entry.path, { fileSystem: fs });
  if (kind === 'chain') return 'chain';
  if (kind === 'trace' || TRACE_NAME.test(base)) return fileItem(fs, entry, 'trace', traceFacts(fs, entry.path));
  if (kind === 'runpack') {
    const facts = await readPackFacts(fs, entry.path);
    if (facts?.isRunpack === true) return fileItem(fs, entry, 'export', packFacts(facts));
    if (PACK_NAME.test(base)) return fileItem(fs, entry, 'pack', packFacts(facts));
    return 'unknown';
  }
  return PACK_NAME.test(base) ? fileItem(fs, entry, 'pack', packFacts(undefined)) : 'unknown';
}

/** What a content gives. */
interface ContentFacts extends Pick<FileItem, 'timeMs' | 'unreadable' | 'sessionIds'> {
  readonly traceId?: string;
}

async function fileItem(
  fs: FileSystem,
  { path, name, sizeBytes }: WalkEntry,
  kind: FileItem['kind'],
  facts: ContentFacts,
): Promise<ReadFile> {
  const sha256 = await hashFile(fs, path);
  const { traceId, ...content } = facts;
  const item = { kind, path: name, sizeBytes, sha256, referencedBy: [], referencedBySessions: [], ...content };
  return { item, traceId };
}

function traceFacts(fs: FileSystem, path: string): ContentFacts {
  try {
    const trace = parseJson(readTextFile(path, { fileSystem: fs })) as Record<string, unknown>;
    const { created_at: time, trace_id: traceId } = trace;
    const facts = { sessionIds: [], ...(typeof traceId === 'string' ? { traceId } : {}) };
    return typeof time === 'string' ? withTime(time, facts) : { ...facts, timeMs: undefined };
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(isGaitError(error) && error.code === 'INVALID_ARGUMENT')) throw error;
    return { timeMs: undefined, unreadable: 'it is no JSON that can be read', sessionIds: [] };
  }
}

function packFacts(facts: PackFacts | undefined): ContentFacts {
  const sessionIds = facts?.sessionId === undefined ? [] : [facts.sessionId];
  if (facts?.createdAt !== undefined) return withTime(facts.createdAt, { sessionIds });
  return { timeMs: undefined, sessionIds, unreadable: 'its content does not say when it was made' };
}

function withTime(text: string, facts: Omit<ContentFacts, 'timeMs'>): ContentFacts {
  const timeMs = Date.parse(text);
  if (Number.isNaN(timeMs)) return { ...facts, timeMs: undefined, unreadable: 'its time cannot be read' };
  return { ...facts, timeMs };
}

/** Lower-case hex. Throws IO_ERROR. */
async function hashFile(fs: FileSystem, path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    const { descriptor } = openRegularFile(fs, path);
    try {
      for await (const chunk of readChunks(fs, descriptor)) hash.update(chunk);
    } finally {
      fs.close(descriptor);
    }
  } catch (error) {
    throw ioError(error, 'read', path);
  }
  return hash.digest('hex');
}
