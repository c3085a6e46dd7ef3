/** Roots to prune: sessions of a given age, traces and runpacks beside them. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal, startSession, type EventInput, type Journal } from '../../src/index.js';
import { keyPairFromSeed, type KeyPair } from '../../src/sign/index.js';
import { QUICK } from '../support/journal-fixtures.js';
import { tempDir } from '../support/temp-dir.js';

export const KEY: KeyPair = keyPairFromSeed(Buffer.alloc(32, 7));
export const OTHER_KEY: KeyPair = keyPairFromSeed(Buffer.alloc(32, 8));

export const DAY_MS = 86_400_000;
export const NOW: number = Date.UTC(2026, 5, 1);

/** Options that write fast, at a time of the test's own. */
export function at(nowMs: number): typeof QUICK {
  return { ...QUICK, clock: () => nowMs };
}

export interface Root {
  readonly root: string;
  readonly path: (id: string) => string;
}

let folder: string | undefined;

export function newRoot(): Root {
  folder ??= tempDir();
  const root = join(mkdtempSync(join(folder, 'r-')), 'sessions');
  mkdirSync(root);
  return { root, path: (id) => join(root, `${id}.jsonl`) };
}

export interface SessionSpec {
  readonly ageDays: number;
  readonly events?: readonly EventInput[];
  /** Signed and closed unless said otherwise. */
  readonly end?: 'closed' | 'sealed' | 'open';
  readonly profile?: string;
  /** More work before the end. */
  readonly work?: (journal: Journal) => Promise<void>;
}

export function event(number: number, more: Partial<EventInput> = {}): EventInput {
  return { tool_name: `tool.${number}`, verdict: 'allow', ...more };
}

/** A session whose last line is `ageDays` before {@link NOW}. Returns the path of its journal. */
export async function addSession({ root }: Root, id: string, spec: SessionSpec): Promise<string> {
  const path = join(root, `${id}.jsonl`);
  const options = at(NOW - spec.ageDays * DAY_MS);
  const { profile, events = [event(1), event(2)], end = 'closed' } = spec;
  const ids = { session_id: id, run_id: `run_${id}` };
  await startSession(path, ids, profile === undefined ? options : { ...options, retentionProfile: profile });
  const journal = await openJournal(path, options);
  try {
    await journal.appendAll(events);
    await spec.work?.(journal);
    if (end === 'closed') await journal.complete({ key: KEY });
    if (end === 'sealed') await journal.checkpoint({ key: KEY });
  } finally {
    await journal.close();
  }
  return path;
}

/** A trace as the Go tool names and writes it, without a signature. */
export function addTrace({ root }: Root, id: string, ageDays: number): string {
  const path = join(root, `trace_${id}.json`);
  const createdAt = new Date(NOW - ageDays * DAY_MS).toISOString();
  writeFileSync(path, JSON.stringify({ schema_id: 'gait.gate.trace', created_at: createdAt, trace_id: id }));
  return path;
}

/** An open session that was sealed and compacted at each age but the last, at which it was appended to. */
export async function addCompacted(
  { root }: Root,
  id: string,
  { ageDays, work }: { readonly ageDays: readonly number[]; readonly work?: (journal: Journal) => Promise<void> },
): Promise<string> {
  const path = join(root, `${id}.jsonl`);
  await startSession(path, { session_id: id, run_id: `run_${id}` }, at(NOW - (ageDays[0] ?? 0) * DAY_MS));
  for (const [index, age] of ageDays.entries()) {
    const journal = await openJournal(path, at(NOW - age * DAY_MS));
    try {
      await journal.appendAll([event(index * 2 + 1), event(index * 2 + 2)]);
      await work?.(journal);
      await journal.checkpoint({ key: KEY });
      if (index < ageDays.length - 1) await journal.compact();
    } finally {
      await journal.close();
    }
  }
  return path;
}
