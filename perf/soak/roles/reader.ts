/** A reader: reads a part of a session, or follows it, without a lock, and trusts nothing that does not link. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJournal, readStatus, type ErrorCode, type JournalLine, type ReadOptions } from '../../../src/index.js';
import type { RoleContext } from '../role-context.js';

const FOLLOW = 0.3;
const MAX_FOLLOW_MS = 1_500;
const MAX_WINDOW = 500;
const MAX_PAUSE_MS = 60;

/** A session that was pruned while it was looked at. */
const GONE: readonly ErrorCode[] = ['JOURNAL_NOT_FOUND', 'FILE_NOT_FOUND', 'SEGMENT_MISSING'];

export async function read(context: RoleContext): Promise<void> {
  const { world, random } = context;
  const session = random.pick(world.sessions(context.lanes).slice(-2 * context.lanes));
  const path = world.journalPath(session);
  await context.tolerate(GONE, async () => {
    const { last_sequence: last } = await readStatus(path);
    const fromSequence = random.between(1, last + 2);
    const isFollowing = random.chance(FOLLOW);
    const limit = AbortSignal.timeout(random.between(10, MAX_FOLLOW_MS));
    const options: ReadOptions = isFollowing
      ? { fromSequence, follow: true, pollIntervalMs: 20, signal: limit }
      : { fromSequence, toSequence: fromSequence + random.between(0, MAX_WINDOW) };
    const chain = new Chain(path);
    try {
      for await (const line of readJournal(path, options)) {
        chain.take(line);
        context.count('lines read');
        if (context.isStopping) break;
      }
    } catch (error) {
      // That is how a follower is stopped.
      if (!limit.aborted) throw error;
      if (error !== limit.reason && (!(error instanceof Error) || error.cause !== limit.reason)) throw error;
    }
    context.count(isFollowing ? 'follows' : 'reads');
  });
  await sleep(random.between(0, MAX_PAUSE_MS));
}

/** Throws when a line does not link to the one before it, or an event is not the next one. */
class Chain {
  readonly #path: string;
  #head: string | undefined;
  #sequence: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  take(line: JournalLine): void {
    if (this.#head !== undefined && line.prev !== this.#head) this.#refuse('does not link', line);
    this.#head = createHash('sha256').update(`\0${line.text}`).digest('hex');
    if (line.recordType !== 'event') return;
    const { sequence } = line.event;
    if (this.#sequence !== undefined && sequence !== this.#sequence + 1) this.#refuse('is not the next', line);
    this.#sequence = sequence;
  }

  #refuse(what: string, { text, byteOffset }: JournalLine): never {
    throw new Error(`${this.#path}: the line at ${byteOffset} ${what}, after ${this.#sequence}: ${text.slice(0, 300)}`);
  }
}
