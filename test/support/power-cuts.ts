/** Runs work on a disk in memory, cuts the power at every step, and hands over every state that the disk may be found in. */
import {
  openJournal,
  readJournal,
  startSession,
  verifyJournal,
  type OpenOptions,
  type Receipt,
} from '../../src/index.js';
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { IDS, toolCall } from './journal-fixtures.js';
import { sampler, tell } from './long-form.js';
import { ModelDisk } from './model-disk.js';
import { KEY } from './sealed-session.js';

export const PATH = '/disk/s1.jsonl';

export function optionsOf({ fs }: ModelDisk): OpenOptions & { readonly clock: () => number } {
  return { fileSystem: fs, clock: () => Date.UTC(2026, 1, 1), lockLayers: 'kernel' };
}

/** What callers were told before the power went. */
export interface Told {
  /** Of durable appends. */
  readonly receipts: Receipt[];
  /** Things said to be done, by name. */
  readonly done: Set<string>;
}

export interface Work {
  readonly name: string;
  /** What was on the disk, durable, before the work. */
  readonly prepare?: (disk: ModelDisk, told: Told) => Promise<void>;
  readonly run: (disk: ModelDisk, told: Told) => Promise<void>;
  /** Looks at one state, beside what `expectKept` looks at. The disk is its own to change. */
  readonly check: (disk: ModelDisk, told: Told, when: string) => Promise<void>;
}

const newTold = (): Told => ({ receipts: [], done: new Set() });

export async function prepared(work: Work): Promise<{ readonly disk: ModelDisk; readonly told: Told }> {
  const disk = new ModelDisk();
  const told = newTold();
  disk.fs.mkdirs('/disk', 0o750);
  await work.prepare?.(disk, told);
  return { disk: disk.copy(), told };
}

/** @returns whether the power went before the work was done */
export async function runUntil(cutAt: number, disk: ModelDisk, step: () => Promise<void>): Promise<boolean> {
  disk.cutAt = cutAt;
  try {
    await step();
    return false;
  } catch (error) {
    // A cut may come to its caller inside an error of ours, as an injected failure would; nothing happens after it either way.
    if (disk.steps < cutAt) throw error;
    return true;
  } finally {
    disk.cutAt = Infinity;
  }
}

/** Cuts at every step, and looks at every state or, in the short form, at about one in `every`. @returns how many there are */
export async function cutEverywhere(
  work: Work,
  { seed, every }: { readonly seed: number; readonly every: number },
): Promise<number> {
  const isLookedAt = sampler(seed, every);
  let cuts = 0;
  let states = 0;
  let looked = 0;
  for (let cutAt = 1; ; cutAt += 1) {
    const { disk, told } = await prepared(work);
    const before = { receipts: [...told.receipts], done: new Set(told.done) };
    const isCut = await runUntil(cutAt, disk, () => work.run(disk, before));
    for (const { name, disk: found } of disk.crashStates(true)) {
      states += 1;
      if (isCut && !isLookedAt()) continue;
      looked += 1;
      const when = `${work.name}, cut at step ${cutAt}: ${name}`;
      await naming(when, () => work.check(found, before, when));
    }
    if (!isCut) break;
    cuts += 1;
  }
  tell(`power cuts, ${work.name}`, { cuts, states, 'looked at': looked });
  return states;
}

/** So that a failure says in which state it is. */
export async function naming<T>(when: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof Error) error.message = `${when}\n${error.message}`;
    throw error;
  }
}

export async function linesOn(disk: ModelDisk, path: string = PATH): Promise<string[]> {
  const found: string[] = [];
  for await (const { text } of readJournal(path, { fileSystem: disk.fs })) found.push(text);
  return found;
}

/**
 * What must hold of a journal in any state: it opens, takes an event, holds everything that was acknowledged where its receipt
 * says, no event twice, and verifies.
 */
export async function expectKept(disk: ModelDisk, told: Told, when: string, path: string = PATH): Promise<void> {
  const options = optionsOf(disk);
  await startSession(path, IDS, options);
  const journal = await openJournal(path, options);
  const next = await journal.append(toolCall(999));
  await journal.close();
  const lines = await linesOn(disk, path);
  expectReceipts(lines, [...told.receipts, next], when);
  const report = await verifyJournal(path, {
    fileSystem: disk.fs,
    publicKeys: [KEY.publicKey],
    since: JSON.stringify(told.receipts.at(-1) ?? next),
  });
  expect({ when, problems: report.problems, retention: report.retention }).toEqual({
    when,
    problems: [],
    retention: 'intact',
  });
}

/** Its own hashing, not the engine's. */
function expectReceipts(lines: readonly string[], receipts: readonly Receipt[], when: string): void {
  const leaves = lines.map((line) => createHash('sha256').update('\0').update(line).digest('hex'));
  const untrue = receipts.filter(({ leaf_index: at, leaf_hash: leaf }) => leaves[at] !== leaf);
  expect({ when, untrue }).toEqual({ when, untrue: [] });
  const records = lines.map((line) => JSON.parse(line) as { readonly event?: { readonly sequence: number } });
  const sequences = records.flatMap(({ event }) => (event === undefined ? [] : [event.sequence]));
  expect({ when, sequences }).toEqual({ when, sequences: sequences.map((_, index) => index + 1) });
}
