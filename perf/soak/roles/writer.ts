/** A writer: appends in bursts to the session of its lane, and sends again what it got no receipt for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGaitError, openJournal, type EventInput, type Journal, type Receipt } from '../../../src/index.js';
import { AckLog, eventId, readAcks } from '../acks.js';
import { REMEMBERED_KEYS } from '../model.js';
import { LOCK_TIMEOUT_MS, type RoleContext } from '../role-context.js';
import { sessionOf } from '../world.js';

const CALLERS = [1, 1, 1, 4, 16];
const MAX_ROUNDS_A_BURST = 40;
const MAX_PAUSE_MS = 40;
/** How often a receipt is asked for a second time, by sending the event again. */
const RESEND = 0.03;
const EXCLUSIVE = 0.1;
const BUFFERED = 0.3;

/** Failures that leave an append undone, or unacknowledged, and the session in order. */
const UNDONE: ReadonlySet<string> = new Set(['LOCK_TIMEOUT', 'SESSION_CLOSED', 'JOURNAL_NOT_FOUND']);

/** One burst: opens, appends some, closes. */
export async function write(context: RoleContext): Promise<void> {
  const { world, random, slot } = context;
  const lane = slot % context.lanes;
  const session = sessionOf(lane, world.generation(lane));
  const journal = await context.tolerate(['LOCK_TIMEOUT', 'JOURNAL_NOT_FOUND'], () =>
    openJournal(world.journalPath(session), {
      lock: random.chance(EXCLUSIVE) ? 'exclusive' : 'shared',
      durability: random.chance(BUFFERED) ? 'buffered' : 'durable',
      lockTimeoutMs: LOCK_TIMEOUT_MS,
    }),
  );
  if (journal === undefined) return;
  const burst = new Burst(context, session, journal);
  try {
    for (let left = random.between(1, MAX_ROUNDS_A_BURST); left > 0 && !context.isStopping; left -= 1) {
      const isOpen = await burst.appendSome(random.pick(CALLERS));
      // Long enough for the next session of the lane to be started, when this one is closed.
      await sleep(random.between(0, isOpen ? MAX_PAUSE_MS : 5 * MAX_PAUSE_MS));
      if (!isOpen) break;
    }
  } finally {
    burst.close();
    await journal.close();
  }
}

class Burst {
  readonly #context: RoleContext;
  readonly #journal: Journal;
  readonly #log: AckLog;
  /** Sent, and nothing came back: by an earlier process of this slot, or by a call that failed. */
  #unanswered: number[];
  #issued: number;

  constructor(context: RoleContext, session: string, journal: Journal) {
    this.#context = context;
    this.#journal = journal;
    const path = context.world.ackPath(session, context.slot);
    const { issued, acks } = readAcks(path);
    const answered = new Set(acks.map(({ n }) => n));
    this.#issued = issued;
    this.#unanswered = Array.from({ length: issued }, (_, n) => n).filter((n) => !answered.has(n));
    this.#log = new AckLog(path);
  }

  close(): void {
    this.#log.close();
  }

  /** Appends as many events at once. @returns false when the session takes no more */
  async appendSome(callers: number): Promise<boolean> {
    const again = this.#unanswered;
    const fresh = Array.from({ length: Math.max(0, callers - again.length) }, (_, index) => this.#issued + index);
    this.#issued += fresh.length;
    this.#log.issue(this.#issued);
    this.#unanswered = [];
    let isOpen = true;
    const send = async (n: number, isRetry: boolean): Promise<void> => {
      const failure = await this.#send(n, isRetry);
      if (failure === undefined) return;
      this.#context.count(failure);
      this.#unanswered.push(n);
      if (failure !== 'LOCK_TIMEOUT') isOpen = false;
    };
    await Promise.all([...again.map((n) => send(n, true)), ...fresh.map((n) => send(n, false))]);
    return isOpen;
  }

  /** @returns the code of a failure that is no defect */
  async #send(n: number, isRetry: boolean): Promise<string | undefined> {
    const context = this.#context;
    const startedAt = performance.now();
    try {
      const receipt = await this.#journal.append(eventOf(context.slot, n));
      context.latencies.add(performance.now() - startedAt);
      this.#log.acknowledge({ n, isRetry, receipt });
      context.count(isRetry ? 'retries' : 'appends');
      if (context.random.chance(RESEND)) await this.#sendAgain(n, receipt);
      return undefined;
    } catch (error) {
      if (isGaitError(error) && UNDONE.has(error.code)) return error.code;
      throw error;
    }
  }

  /** The same event once more must bring the same receipt, for as long as its key is remembered. */
  async #sendAgain(n: number, first: Receipt): Promise<void> {
    const second = await this.#journal.append(eventOf(this.#context.slot, n));
    this.#context.count('resends');
    const distance = Math.abs(second.sequence - first.sequence);
    if (distance === 0 ? second.leaf_hash === first.leaf_hash : distance > REMEMBERED_KEYS) return;
    throw new Error(
      `${eventId(this.#context.slot, n)} was sent twice and lies at ${first.sequence}, ${second.sequence}`,
    );
  }
}

/** The same for the same number, so that it can be sent again; of many sizes. */
function eventOf(slot: number, n: number): EventInput {
  const id = eventId(slot, n);
  const size = n % 50 === 49 ? 20_000 : (n * 37) % 900;
  return {
    tool_name: 'soak.work',
    verdict: n % 7 === 0 ? 'block' : 'allow',
    correlation_id: id,
    idempotency_key: id,
    attributes: { filler: 'x'.repeat(size) },
  };
}
