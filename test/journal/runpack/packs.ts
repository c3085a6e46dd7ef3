/** Runpacks to test with: written by the engine, taken apart, changed and put together again. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  verifyRunpack,
  writeRunpack,
  type RunpackReport,
  type VerifyRunpackOptions,
  type WriteRunpackOptions,
  type WrittenRunpack,
} from '../../../src/journal/runpack/index.js';
import { nodeFileSystem, resolveJournalPaths } from '../../../src/journal/store/index.js';
import type { SessionEvent } from '../../../src/journal/index.js';
import type { World } from '../../../src/journal/settings.js';
import { isGaitError } from '../../../src/errors.js';
import { keyPairFromSeed, type KeyPair } from '../../../src/sign/index.js';
import { oracleDigest, oracleUnzip } from '../../interop/runpack-oracle.js';
import { repositoryRoot } from '../../support/paths.js';
import { tempDir } from '../../support/temp-dir.js';
import { buildZip, type BuiltEntry } from './zip-builder.js';

export const goVectors: string = join(repositoryRoot, 'test', 'vectors', 'gait-go');

/** The real world, but for the syncs: no test here cuts the power. */
export const world: World = {
  fs: { ...nodeFileSystem, sync: (): void => undefined, syncDirectory: (): void => undefined },
  clock: (): number => Date.UTC(2026, 1, 1, 9, 30),
  nonce: (): string => '0a0b0c',
  randomBytes: (size): Uint8Array => new Uint8Array(size),
};

export const key: KeyPair = keyPairFromSeed(Buffer.alloc(32, 7));
export const otherKey: KeyPair = keyPairFromSeed(Buffer.alloc(32, 8));

let root: string | undefined;

export function newFolder(): string {
  root ??= tempDir();
  return mkdtempSync(join(root, 'p-'));
}

export function sessionEvent(sequence: number, more: Partial<SessionEvent> = {}): SessionEvent {
  return {
    schema_id: 'gait.runpack.session_event',
    schema_version: '1.0.0',
    created_at: '2026-02-01T09:30:00Z',
    producer_version: '1.0.0',
    session_id: 's1',
    run_id: 'run_1',
    sequence,
    tool_name: `tool.${sequence}`,
    verdict: 'allow',
    ...more,
  };
}

export const binding = {
  sessionId: 's1',
  runId: 'run_1',
  checkpointIndex: 1,
  sequenceStart: 1,
  sequenceEnd: 3,
} as const;

/** Options for a pack of events 1 to 3 of session s1. */
export function packOptions(folder: string, more: Partial<WriteRunpackOptions> = {}): WriteRunpackOptions {
  return {
    out: join(folder, 'cp1.zip'),
    journal: resolveJournalPaths(world.fs, join(folder, 's1.jsonl')),
    events: [sessionEvent(1), sessionEvent(2, { verdict: 'block' }), sessionEvent(3)],
    runId: 'run_1',
    checkpointIndex: 1,
    createdAt: '2026-02-01T10:00:00Z',
    producerVersion: '1.0.0',
    env: { os: 'linux', arch: 'amd64', runtime: 'node' },
    ...more,
  };
}

export async function newPack(more: Partial<WriteRunpackOptions> = {}): Promise<WrittenRunpack> {
  return await writeRunpack(world, packOptions(newFolder(), more));
}

/** The entries of a pack, as the builder takes them. */
export function entriesOf(path: string): BuiltEntry[] {
  return [...oracleUnzip(readFileSync(path))].map(([name, { content }]) => ({ name, content }));
}

type Json = Record<string, unknown>;

/**
 * Changes files of a pack and makes every digest right again, as anybody without the key can. The signature, if any, stays
 * as it was.
 */
export function redigested(
  entries: readonly BuiltEntry[],
  change: (name: string, text: string) => string,
): BuiltEntry[] {
  const changed = entries.map(({ name, content }) => ({ name, content: change(String(name), String(content)) }));
  return changed.map((entry) => {
    if (entry.name !== 'manifest.json') return entry;
    const manifest = JSON.parse(entry.content) as Json;
    const { signatures, ...filled } = {
      ...manifest,
      files: changed
        .filter(({ name }) => name !== 'manifest.json')
        .map(({ name, content }) => ({ path: name, sha256: sha256OfText(content) })),
    } as Json;
    const digest = oracleDigest({ ...filled, manifest_digest: '' });
    const signature = signatures === undefined ? {} : { signatures };
    return { name: entry.name, content: JSON.stringify({ ...filled, manifest_digest: digest, ...signature }) };
  });
}

export async function verifyBytes(zip: Buffer, options: VerifyRunpackOptions = {}): Promise<RunpackReport> {
  const path = join(newFolder(), 'pack.zip');
  writeFileSync(path, zip);
  return await verifyRunpack(nodeFileSystem, path, options);
}

export async function verifyEntries(
  entries: readonly BuiltEntry[],
  options: VerifyRunpackOptions = {},
): Promise<RunpackReport> {
  return await verifyBytes(buildZip(entries), options);
}

export function kinds(report: { readonly problems: readonly { readonly kind: string }[] }): string[] {
  return [...new Set(report.problems.map(({ kind }) => kind))].toSorted();
}

/** The code of the GaitError that a promise is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (isGaitError(error)) return error.code;
    throw error;
  }
  return 'no error';
}

function sha256OfText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
