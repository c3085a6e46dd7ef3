/** Everything under a root that holds the bytes of one payload, as far as it can be known. */
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { GaitError } from '../errors.js';
import {
  ioError,
  openRegularFile,
  readChunks,
  readJournal,
  readPackFacts,
  resolveWorld,
  SALT_BYTES,
  type Environment,
  type FileSystem,
  type PayloadRef,
  type SessionInspection,
} from '../journal/index.js';
import { itemPath, type RootInventory } from './inventory.js';
import type { InspectedSession } from './inventory-session.js';
import type { Removal } from './tombstones.js';

export interface EraseTargets {
  readonly payload: Removal;
  /** Packs that carry it. */
  readonly packs: readonly Removal[];
  /** Other events whose payload has the same content: evidence of their own, which is not erased. */
  readonly sameContent: readonly { readonly path: string; readonly sequence: number }[];
}

const HEX_64 = /^[0-9a-f]{64}$/;
/** A payload that is being written has such a name. */
const TEMPORARY_PREFIX = '.tmp-';

/**
 * @throws GaitError JOURNAL_NOT_FOUND when no session under the root has the id, INVALID_ARGUMENT when several have or there is
 * no such event, PAYLOAD_NOT_FOUND, IO_ERROR; as readJournal
 */
export async function eraseTargets(
  found: RootInventory,
  sessionId: string,
  sequence: number,
  environment: Environment,
): Promise<EraseTargets> {
  const { fs } = resolveWorld(environment);
  const { item, inspection } = sessionWithId(found, sessionId);
  if (inspection === undefined) throw notThere(found.root, sessionId);
  const ref = await payloadOf(inspection.path, sequence, environment);
  const path = inspection.files.find((file) => basename(file.path) === ref.sha256);
  if (path === undefined) {
    throw new GaitError('PAYLOAD_NOT_FOUND', `the payload of event ${sequence} is not there`, {
      details: { path: inspection.path, sequence, sha256: ref.sha256 },
    });
  }
  const named = await payloadsOf(inspection.path, environment);
  const digest = await contentDigest(fs, path.path);
  const twins = await twinsOf(fs, inspection, path, digest);
  const bare = [path, ...twins.filter((twin) => !named.has(basename(twin.path)))];
  return {
    payload: {
      item: {
        kind: 'payload',
        path: item.path,
        bytes: bare.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        rule: 'erase',
        session_id: sessionId,
        sequence,
        sha256: ref.sha256,
      },
      files: bare.map((file) => itemPath(found.root, file.path)),
    },
    packs: await packsWith(fs, found, ref.sha256),
    sameContent: twins.flatMap((twin) => {
      const other = named.get(basename(twin.path));
      return other === undefined ? [] : [{ path: item.path, sequence: other }];
    }),
  };
}

function sessionWithId({ root, sessions }: RootInventory, sessionId: string): InspectedSession {
  const fitting = [...sessions.values()].filter(({ item }) => item.sessionId === sessionId);
  const [session, second] = fitting;
  if (session === undefined) throw notThere(root, sessionId);
  if (second === undefined) return session;
  throw new GaitError('INVALID_ARGUMENT', `several journals under ${root} are of session ${sessionId}`, {
    hint: 'name the folder of the one that is meant with --root',
    details: { session_id: sessionId, paths: fitting.map(({ item }) => item.path) },
  });
}

function notThere(root: string, sessionId: string): GaitError {
  return new GaitError('JOURNAL_NOT_FOUND', `there is no session ${sessionId} under ${root}`, {
    hint: 'gait run session list shows those that are there',
    details: { path: root, session_id: sessionId },
  });
}

async function payloadOf(path: string, sequence: number, environment: Environment): Promise<PayloadRef> {
  for await (const line of readJournal(path, { ...environment, fromSequence: sequence, toSequence: sequence })) {
    if (line.recordType !== 'event' || line.event.sequence !== sequence) continue;
    const { payload } = line.event;
    if (payload !== undefined) return payload;
    throw new GaitError('PAYLOAD_NOT_FOUND', `event ${sequence} has no payload`, { details: { path, sequence } });
  }
  throw new GaitError('INVALID_ARGUMENT', `the journal has no event ${sequence}`, { details: { path, sequence } });
}

/** Hashes of payloads that events name, with their sequences. */
async function payloadsOf(path: string, environment: Environment): Promise<Map<string, number>> {
  const named = new Map<string, number>();
  for await (const line of readJournal(path, environment)) {
    if (line.recordType === 'event' && line.event.payload !== undefined) {
      named.set(line.event.payload.sha256, line.event.sequence);
    }
  }
  return named;
}

interface SizedFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Other payload files of the session with the same content, whole or as far as a crash let them be written. */
async function twinsOf(
  fs: FileSystem,
  { files }: SessionInspection,
  payload: SizedFile,
  digest: string,
): Promise<SizedFile[]> {
  const folder = dirname(dirname(payload.path));
  const twins: SizedFile[] = [];
  for (const file of files) {
    if (file.path === payload.path || !file.path.startsWith(`${folder}/`)) continue;
    const isWhole = HEX_64.test(basename(file.path)) && file.sizeBytes === payload.sizeBytes;
    if (isWhole && (await contentDigest(fs, file.path)) === digest) twins.push(file);
    const isPart = basename(file.path).startsWith(TEMPORARY_PREFIX) && file.sizeBytes <= payload.sizeBytes;
    if (isPart && (await isPartOf(fs, file, payload))) twins.push(file);
  }
  return twins;
}

/** A temporary file that begins as the payload does. The salts differ, so they are left out. */
async function isPartOf(fs: FileSystem, part: SizedFile, whole: SizedFile): Promise<boolean> {
  if (part.sizeBytes <= SALT_BYTES) return false;
  return (await contentDigest(fs, part.path)) === (await contentDigest(fs, whole.path, part.sizeBytes));
}

/** SHA-256 of what follows the salt, up to byte `end` of the file. Throws IO_ERROR. */
async function contentDigest(fs: FileSystem, path: string, end = Number.POSITIVE_INFINITY): Promise<string> {
  const hash = createHash('sha256');
  try {
    const { descriptor } = openRegularFile(fs, path);
    try {
      let position = 0;
      for await (const chunk of readChunks(fs, descriptor)) {
        hash.update(chunk.subarray(Math.max(SALT_BYTES - position, 0), Math.max(end - position, 0)));
        position += chunk.length;
      }
    } finally {
      fs.close(descriptor);
    }
  } catch (error) {
    throw ioError(error, 'read payload', path);
  }
  return hash.digest('hex');
}

async function packsWith(fs: FileSystem, { root, inventory }: RootInventory, sha256: string): Promise<Removal[]> {
  const packs: Removal[] = [];
  for (const item of inventory.items) {
    if (item.kind !== 'export' && item.kind !== 'pack') continue;
    const facts = await readPackFacts(fs, join(root, item.path));
    if (facts?.payloads.includes(sha256) !== true) continue;
    const { kind, path, sizeBytes: bytes, sha256: digest } = item;
    packs.push({ item: { kind, path, bytes, rule: 'erase', sha256: digest }, files: [path] });
  }
  return packs;
}
