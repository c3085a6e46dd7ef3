/** What every suite needs: a folder, a real event, how much to do, and the check that what was written is right. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { initKeys, loadPrivateKey, startSession, verifyJournal, type EventInput, type KeyPair } from '../src/index.js';
import { fillJournal, type Filled, type FillWay } from './fill.js';
import type { Measured } from './report.js';
import { readSampleEvent } from './sample-event.js';

export interface Suite {
  readonly name: string;
  readonly run: (context: Context) => Promise<Measured[]>;
}

/** A signing key, and the file that other processes find it in. */
export interface BenchKey {
  readonly pair: KeyPair;
  readonly privateKeyPath: string;
}

export class Context {
  readonly dir: string;
  readonly isQuick: boolean;
  readonly event: EventInput = readSampleEvent();
  #sessions = 0;
  #key: BenchKey | undefined;
  readonly #filled = new Map<FillWay, Promise<Filled>>();

  /** @param dir an empty folder */
  constructor(dir: string, isQuick: boolean) {
    this.dir = dir;
    this.isQuick = isQuick;
  }

  /** How much to do: `full` for figures, `quick` to see that it works. */
  size(full: number, quick: number): number {
    return this.isQuick ? quick : full;
  }

  /** A path in the folder that nothing has yet. */
  newPath(extension: string): string {
    this.#sessions += 1;
    return join(this.dir, `${this.#sessions}.${extension}`);
  }

  /** A journal that holds its header only. */
  async newSession(): Promise<string> {
    const path = this.newPath('jsonl');
    await startSession(path, { session_id: `bench-${this.#sessions}`, run_id: 'bench' });
    return path;
  }

  /** The one key of this run, made on first use. */
  get key(): BenchKey {
    return (this.#key ??= newKey(join(this.dir, 'keys')));
  }

  /** The one large journal of this run: 1,000,000 events, made on first use. Suites append to it. */
  largeJournal(way: FillWay): Promise<Filled> {
    const known = this.#filled.get(way);
    if (known !== undefined) return known;
    const filled = fillJournal(this.newPath('jsonl'), this.size(1_000_000, 20_000), way);
    this.#filled.set(way, filled);
    return filled;
  }
}

function newKey(outDir: string): BenchKey {
  const { privateKeyPath } = initKeys({ outDir });
  return { pair: loadPrivateKey({ path: privateKeyPath }), privateKeyPath };
}

/** Throws when the journal does not verify, or does not hold exactly `events`. */
export async function requireSound(path: string, events: number): Promise<void> {
  const report = await verifyJournal(path);
  if (
    report.ok &&
    report.coverage.events === events &&
    report.warnings.every(({ kind }) => kind !== 'unterminated_line')
  )
    return;
  throw new Error(
    `${path}: ${report.verdict}, ${report.coverage.events} events of ${events}: ${JSON.stringify(report.problems[0])}`,
  );
}

/** The longest line of a journal, and what ends the one before. A whole journal may be larger than any string. */
const TAIL_BYTES = 65_536 + 1;

/** Bytes of the line that an event of this journal takes, without LF: of the last one. */
export function lastLineBytes(path: string): number {
  const descriptor = openSync(path, 'r');
  try {
    const tail = Buffer.alloc(TAIL_BYTES);
    const count = readSync(descriptor, tail, 0, tail.length, Math.max(fstatSync(descriptor).size - tail.length, 0));
    return Buffer.byteLength(tail.toString('utf8', 0, count).trimEnd().split('\n').at(-1) ?? '');
  } finally {
    closeSync(descriptor);
  }
}
