/** Sealed sessions to test with: two checkpoints with their runpacks, and the chain. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainPath, writeChain, writeRunpack } from '../../../src/journal/runpack/index.js';
import { nodeFileSystem, resolveJournalPaths, type JournalPaths } from '../../../src/journal/store/index.js';
import type { SessionCheckpoint, SessionHeader } from '../../../src/journal/index.js';
import { signValue, type KeyPair } from '../../../src/sign/index.js';
import { newFolder, packOptions, sessionEvent, world } from './packs.js';

export interface SealedSession {
  readonly folder: string;
  readonly paths: JournalPaths;
  readonly header: SessionHeader;
  readonly checkpoints: SessionCheckpoint[];
  /** Of the chain. */
  readonly path: string;
}

/** The formula of docs/format.md. */
export function digested(checkpoint: SessionCheckpoint): SessionCheckpoint {
  const { manifest_digest: manifest, prev_checkpoint_digest: prev = '', checkpoint_index: index } = checkpoint;
  const text = `${manifest}:${prev}:${index}:${checkpoint.sequence_start}:${checkpoint.sequence_end}`;
  return { ...checkpoint, checkpoint_digest: createHash('sha256').update(text).digest('hex') };
}

/** Makes a list of checkpoints a chain again, after one was changed. */
export function relinked(checkpoints: readonly SessionCheckpoint[]): SessionCheckpoint[] {
  const linked: SessionCheckpoint[] = [];
  for (const { prev_checkpoint_digest: _old, ...checkpoint } of checkpoints) {
    const prev = linked.at(-1)?.checkpoint_digest;
    linked.push(digested({ ...checkpoint, ...(prev === undefined ? {} : { prev_checkpoint_digest: prev }) }));
  }
  return linked;
}

/**
 * Events 1 to 3 and 4 to 5 of session s1, sealed into cp1.zip and cp2.zip in a new folder, with a chain. The key signs the
 * packs, or the checkpoints instead.
 */
export async function newSession(
  options: { readonly key?: KeyPair; readonly isSigningCheckpoints?: boolean; readonly packs?: string } = {},
): Promise<SealedSession> {
  const folder = newFolder();
  const { key, isSigningCheckpoints = false } = options;
  const packKey = isSigningCheckpoints ? undefined : key;
  const paths = resolveJournalPaths(nodeFileSystem, join(folder, 's1.jsonl'));
  const header: SessionHeader = {
    schema_id: 'gait.runpack.session_journal',
    schema_version: '1.0.0',
    created_at: '2026-02-01T09:00:00Z',
    producer_version: '1.0.0',
    session_id: 's1',
    run_id: 'run_1',
    started_at: '2026-02-01T09:00:00Z',
    events: [],
  };
  const checkpoints: SessionCheckpoint[] = [];
  for (const [index, start, end] of [
    [1, 1, 3],
    [2, 4, 5],
  ] as const) {
    const out = join(options.packs ?? folder, `cp${index}.zip`);
    const events = Array.from({ length: end - start + 1 }, (_, i) => sessionEvent(start + i));
    const pack = await writeRunpack(world, packOptions(folder, { out, events, checkpointIndex: index, key: packKey }));
    const prev = checkpoints.at(-1)?.checkpoint_digest;
    const checkpoint = digested({
      schema_id: 'gait.runpack.session_checkpoint',
      schema_version: '1.0.0',
      created_at: '2026-02-01T10:00:00Z',
      producer_version: '1.0.0',
      session_id: 's1',
      run_id: 'run_1',
      checkpoint_index: index,
      sequence_start: start,
      sequence_end: end,
      runpack_path: `cp${index}.zip`,
      manifest_digest: pack.manifestDigest,
      ...(prev === undefined ? {} : { prev_checkpoint_digest: prev }),
      checkpoint_digest: '',
    });
    const isSigned = isSigningCheckpoints && key !== undefined;
    checkpoints.push(isSigned ? { ...checkpoint, signature: signValue(checkpoint, key) } : checkpoint);
  }
  writeChain(world, paths, header, checkpoints);
  return { folder, paths, header, checkpoints, path: chainPath(paths.journal) };
}

/** Writes a chain as a forger would, without asking any of our code. */
export function forgeChain(
  session: SealedSession,
  change: { readonly [key: string]: unknown; readonly checkpoints?: readonly SessionCheckpoint[] },
): string {
  const { schema_version, created_at, producer_version, session_id, run_id } = session.header;
  const path = join(session.folder, 'forged_chain.json');
  const chain = {
    schema_id: 'gait.runpack.session_chain',
    schema_version,
    created_at,
    producer_version,
    session_id,
    run_id,
    checkpoints: session.checkpoints,
    ...change,
  };
  writeFileSync(path, JSON.stringify(chain));
  return path;
}
