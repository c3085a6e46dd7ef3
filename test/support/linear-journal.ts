import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { startSession, verifyJournal, type Receipt, type SessionEvent } from '../../src/index.js';
import { tempDir } from './temp-dir.js';

/** A new session in a folder of its own. Returns the journal's path. */
export async function newJournal(): Promise<string> {
  const path = join(tempDir(), 's.jsonl');
  await startSession(path, { session_id: 's', run_id: 'r' });
  return path;
}

/** The events of a journal whose lines all end and parse, read without the engine. */
export function readEvents(path: string): SessionEvent[] {
  return linesOf(path)
    .map((line) => JSON.parse(line.toString()) as { event?: SessionEvent })
    .flatMap(({ event }) => (event === undefined ? [] : [event]));
}

/**
 * Expects one linear journal: every line whole and naming the leaf before it, sequence 1..n each once, no event twice; and
 * every receipt true of the line it names. Its own hashing, then the engine's verdict.
 *
 * @param receipts by correlation id
 */
export async function expectLinear(path: string, receipts: ReadonlyMap<string, Receipt>): Promise<void> {
  const lines = linesOf(path);
  const leaves = lines.map((line) => createHash('sha256').update('\0').update(line).digest('hex'));
  const records = lines.map((line) => JSON.parse(line.toString()) as { prev?: string; event?: SessionEvent });
  expect(records.map(({ prev }) => prev)).toEqual([undefined, ...leaves.slice(0, -1)]);
  const events = records.flatMap(({ event }) => (event === undefined ? [] : [event]));
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  const ids = events.map(({ correlation_id: id }) => id).filter((id) => id !== undefined);
  expect(new Set(ids).size).toBe(ids.length);

  const untrue = [...receipts].filter(([id, receipt]) => {
    const record = records[receipt.leaf_index];
    const isThere = record?.event?.correlation_id === id && record.event.sequence === receipt.sequence;
    return !isThere || leaves[receipt.leaf_index] !== receipt.leaf_hash;
  });
  expect(untrue).toEqual([]);
  expect(await verifyJournal(path)).toMatchObject({ ok: true, problem_count: 0 });
}

/** The whole log, put together from segments and file without the engine. */
function linesOf(path: string): Buffer[] {
  const folder = `${path}.gait/segments`;
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^\d.*\.gz$/.test(name)) : [];
  const archived = names.toSorted().flatMap((name) => cut(gunzipSync(readFileSync(join(folder, name))), name));
  const inFile = cut(readFileSync(path), path);
  if (archived.length === 0) return inFile;
  // What the file kept of the lines in segments: the header, and checkpoints without anything between.
  const live = inFile.findIndex((line, at) => at > 0 && !line.toString().startsWith('{"checkpoint":'));
  return [...archived, ...(live === -1 ? [] : inFile.slice(live))];
}

/** Throws when the bytes do not end with a line feed. */
function cut(bytes: Buffer, path: string): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0x0a, start);
    if (end === -1) throw new Error(`${path} ends in the middle of a line`);
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
