/**
 * What surrounds the line of a checkpoint: the runpack that is written before it, and the files that are written after it,
 * for people and for the Go tool. Everything here happens under the writer lock.
 */
import { isGaitError } from '../errors.js';
import type { KeyPair } from '../sign/index.js';
import { unsealedRange } from './checkpoint.js';
import { SALT_BYTES } from './payload-files.js';
import { checkNoteTarget, writeNote } from './note-file.js';
import { openPayload } from './payload-reader.js';
import { readKeptLines } from './kept-lines.js';
import { readJournal } from './reader.js';
import {
  chainPath,
  checkChainTargets,
  checkRunpackTarget,
  readChain,
  writeChain,
  writeGoState,
  writeRunpack,
  type RunpackPayload,
  type SessionChain,
} from './runpack/index.js';
import type { SessionLog } from './session-log.js';
import type { World } from './settings.js';
import type { JournalPaths } from './store/index.js';
import { formatTimestamp } from './timestamp.js';
import type { CheckpointOptions } from './handle-types.js';
import type { SessionCheckpoint, SessionEvent, SessionHeader } from './types.js';

export interface SealContext {
  readonly world: World;
  readonly paths: JournalPaths;
  readonly log: SessionLog;
  readonly header: SessionHeader;
  readonly producerVersion: string;
}

/**
 * Refuses outputs that could not be written. A session must not be closed by a call that is then refused.
 *
 * @throws GaitError OUTPUT_EXISTS, CHAIN_CONFLICT, INVALID_ARGUMENT, INVALID_PATH, IO_ERROR
 */
export function checkTargets({ world, paths, header }: SealContext, options: CheckpointOptions): void {
  checkNoteTarget(world, paths, header, options);
  if (writesChain(options)) checkChainTargets(world.fs, paths, header, options.chainOut);
  if (options.out !== undefined) checkRunpackTarget(world, options.out, paths);
}

/**
 * Refuses what cannot be written, then writes the runpack when one is asked for.
 *
 * @throws GaitError OUTPUT_EXISTS, CHAIN_CONFLICT, RUNPACK_TOO_LARGE, INVALID_ARGUMENT, INVALID_PATH, IO_ERROR, DISK_FULL
 */
export async function packBefore(
  context: SealContext,
  options: CheckpointOptions,
  nowMs: number,
): Promise<{ readonly path: string; readonly manifestDigest: string } | undefined> {
  const { world, paths, log, header, producerVersion } = context;
  const { out } = options;
  const { start, end } = unsealedRange(log);
  if (start > end) return undefined;
  checkTargets(context, options);
  if (out === undefined) return undefined;
  const packed = await writeRunpack(world, {
    out,
    journal: paths,
    events: eventsBetween(context, start, end),
    runId: header.run_id,
    checkpointIndex: (log.lastCheckpoint?.index ?? 0) + 1,
    createdAt: formatTimestamp(nowMs),
    producerVersion,
    ...keyOf(options),
    ...(options.withPayloads === true ? { payloads: await payloadsBetween(context, start, end) } : {}),
  });
  return { path: packed.path, manifestDigest: packed.manifestDigest };
}

/**
 * Writes the Go tool's index, the chain and the note's own file.
 *
 * @returns the path of the chain, when one was written
 * @throws GaitError IO_ERROR, DISK_FULL: the checkpoint itself is in the journal then, and every one of these files can be
 * made again from it
 */
export async function publishAfter(
  context: SealContext,
  options: CheckpointOptions,
  sealed: {
    readonly checkpoint: SessionCheckpoint;
    readonly note: string | undefined;
    readonly journalSizeBytes: number;
  },
): Promise<string | undefined> {
  const { world, paths, log } = context;
  writeGoState(world, paths, log, sealed.journalSizeBytes);
  if (options.noteOut !== undefined && sealed.note !== undefined) writeNote(world, options.noteOut, sealed.note);
  return writesChain(options) ? rewriteChain(context, options.chainOut) : extendChain(context, sealed.checkpoint);
}

/** A chain that is there must not fall behind: an auditor could not tell it from one that was cut short (W21). */
async function extendChain(context: SealContext, checkpoint: SessionCheckpoint): Promise<string | undefined> {
  const { world, paths, header } = context;
  const path = chainPath(paths.journal);
  if (world.fs.lstat(path) === undefined) return undefined;
  const chain = chainOf(world, path, header);
  if (chain === undefined) return undefined;
  const isNext = chain.checkpoints.at(-1)?.checkpoint_digest === checkpoint.prev_checkpoint_digest;
  if (!isNext) return rewriteChain(context);
  return writeChain(world, paths, header, [...chain.checkpoints, checkpoint]);
}

/** Undefined for a chain of somebody else, or none: nobody asked for it to be written over. */
function chainOf({ fs }: World, path: string, header: SessionHeader): SessionChain | undefined {
  try {
    const { chain } = readChain(fs, path);
    return chain.session_id === header.session_id && chain.run_id === header.run_id ? chain : undefined;
  } catch (error) {
    if (isGaitError(error) && error.code === 'INVALID_CHAIN') return undefined;
    throw error;
  }
}

/** Makes the chain anew from the journal's checkpoints (W29). */
export async function rewriteChain({ world, paths, header }: SealContext, extraPath?: string): Promise<string> {
  const { checkpoints } = await readKeptLines(world, paths);
  return writeChain(world, paths, header, checkpoints, extraPath);
}

/** The chain lists all checkpoints and is begun on demand alone: a seal without one costs the same at any size. */
function writesChain({ out, chainOut }: CheckpointOptions): boolean {
  return out !== undefined || chainOut !== undefined;
}

async function* eventsBetween({ world, paths }: SealContext, start: number, end: number): AsyncGenerator<SessionEvent> {
  const range = { fromSequence: start, toSequence: end, fileSystem: world.fs };
  for await (const line of readJournal(paths.journal, range)) {
    if (line.recordType === 'event') yield line.event;
  }
}

async function payloadsBetween(context: SealContext, start: number, end: number): Promise<RunpackPayload[]> {
  const { world, paths } = context;
  const payloads = new Map<string, RunpackPayload>();
  for await (const { payload } of eventsBetween(context, start, end)) {
    if (payload === undefined) continue;
    const { sha256, size } = payload;
    const open = (): AsyncIterable<Uint8Array> => openPayload(world.fs, paths, sha256, 'whole file');
    payloads.set(sha256, { sha256, sizeBytes: SALT_BYTES + size, open });
  }
  return [...payloads.values()];
}

function keyOf({ key }: CheckpointOptions): { readonly key?: KeyPair } {
  return key === undefined ? {} : { key };
}
