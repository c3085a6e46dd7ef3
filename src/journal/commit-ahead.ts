/**
 * Commits that follow each other under one lock: while the disk works on one, the next is linked, encoded and hashed on top
 * of it, so that it can be written as soon as the disk is done. Half of the callers wait for the one, half for the other.
 *
 * Nothing is written before the sync of what lies below it has returned, and nobody is answered before his own. Should a
 * sync fail, what was made on top of it was never written; the handle is poisoned, and the queue tells them so.
 */
import type { GaitError } from '../errors.js';
import { CommitDraft, type CommitPlan } from './commit-plan.js';
import { MAX_COMMIT_EVENTS, type Waiting } from './commit-queue.js';
import type { LineBuffer } from './line-buffer.js';
import type { OverlapRule } from './overlap-rule.js';
import { ioError } from './store/index.js';
import type { WriterFile } from './writer-file.js';

/** After so many commits the index is given its turn, and seals by the clock theirs. */
const MAX_COMMITS = 64;

interface Tools {
  readonly file: WriterFile;
  readonly lines: LineBuffer;
  readonly rule: OverlapRule;
  readonly path: string;
  readonly waiting: Waiting;
  readonly catchUp: () => Promise<void>;
  readonly mayGoOn: () => boolean;
  /** Writes a plan and takes it into the state. */
  readonly write: (plan: CommitPlan) => Promise<{ readonly start: number; readonly end: number }>;
  /** Answers everybody in a plan. */
  readonly settle: (plan: CommitPlan) => void;
}

/** A commit that is written and not yet known to be on the disk. */
interface Flight {
  readonly plan: CommitPlan;
  /** Why it is not, or undefined when it is. */
  readonly failure: Promise<GaitError | undefined>;
}

export class CommitAhead {
  readonly #tools: Tools;

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  /** @throws what the commit of `first` failed with, or a later one: everybody else is answered or back in the queue then */
  async run(first: CommitPlan): Promise<void> {
    const { waiting, mayGoOn, settle, file, lines } = this.#tools;
    let flight = await this.#launch(first);
    for (let commits = 1; ; commits += 1) {
      const next = commits < MAX_COMMITS && mayGoOn() ? new CommitDraft(file.state, lines) : undefined;
      if (next !== undefined) {
        await waiting.callbacks();
        this.#fill(next, flight);
      }
      const failure = await flight.failure;
      if (failure !== undefined) {
        if (next !== undefined) waiting.putBack(next.requests);
        reject(flight.plan, failure);
        throw failure;
      }
      // Those who came meanwhile.
      if (next !== undefined) this.#fill(next, flight);
      if (next === undefined || next.requests.length === 0) {
        settle(flight.plan);
        return;
      }
      flight = await this.#follow(flight, next);
    }
  }

  /** Writes the next commit before it answers the one below, so that the disk does not wait for the callers. */
  async #follow(below: Flight, next: CommitDraft): Promise<Flight> {
    const { settle, path } = this.#tools;
    try {
      const plan = await this.#checked(next);
      const flight = await this.#launch(plan);
      settle(below.plan);
      return flight;
    } catch (error) {
      settle(below.plan);
      const told = ioError(error, 'append to', path);
      for (const request of next.requests) request.reject(told);
      throw told;
    }
  }

  /** The fence: another file may be at the path by now, or more lines in this one. Then the plan is made anew. */
  async #checked(draft: CommitDraft): Promise<CommitPlan> {
    const { file, lines, catchUp } = this.#tools;
    if (file.isAsKnown()) return draft.plan();
    await catchUp();
    const again = new CommitDraft(file.state, lines);
    again.add(draft.requests);
    return again.plan();
  }

  async #launch(plan: CommitPlan): Promise<Flight> {
    const { file, rule, path, write } = this.#tools;
    const range = await write(plan);
    // A repeated event may have been written, but not synced, by somebody who died.
    if (plan.events.length === 0 && !plan.repeatsOlder) return { plan, failure: Promise.resolve(undefined) };
    const begun = performance.now();
    const failure = file.syncLater(range).then(
      () => {
        rule.noteSync(performance.now() - begun);
        return undefined;
      },
      (error: unknown) => ioError(error, 'sync', path),
    );
    rule.noteEvents(plan.events.length);
    return { plan, failure };
  }

  /** As many as are under way, when there are enough: then each half waits as long as the other. */
  #fill(draft: CommitDraft, { plan }: Flight): void {
    const { waiting } = this.#tools;
    const inFlight = plan.accepted.length + plan.refused.length;
    const all = inFlight + draft.requests.length + waiting.waitingCount;
    const missing = Math.ceil(all / 2) - draft.requests.length;
    const room = MAX_COMMIT_EVENTS - draft.eventCount;
    if (missing > 0 && room > 0) draft.add(waiting.take(missing, room));
  }
}

function reject({ accepted, refused }: CommitPlan, error: unknown): void {
  for (const { request } of accepted) request.reject(error);
  for (const { request, error: own } of refused) request.reject(own);
}
