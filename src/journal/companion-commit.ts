/** The file of an event, on its way through the commit that writes the event (companion.ts). Only under the lock. */
import { GaitError, isGaitError } from '../errors.js';
import type { CommitPlan } from './commit-plan.js';
import { settleCompanion, stageCompanion, type StagedCompanion } from './companion.js';
import type { World } from './settings.js';
import type { JournalPaths } from './store/index.js';

export class CompanionCommit {
  readonly #world: World;
  readonly #paths: JournalPaths;
  /** A writer that died may have left a file that its event names, or this one could not put it in place. */
  #mayOwe = true;

  constructor(world: World, paths: JournalPaths) {
    this.#world = world;
    this.#paths = paths;
  }

  /** Puts in place, or removes, what an earlier writer left. */
  async settle(): Promise<void> {
    if (this.#mayOwe) this.#mayOwe = !(await settleCompanion(this.#world, this.#paths));
  }

  /**
   * Runs the write of a plan, and puts the file in place after it; there is none when the plan writes nothing. A request with
   * a file is alone in its commit: see commit-queue.ts.
   */
  async around({ events, accepted }: CommitPlan, write: (mustBeDurable: boolean) => Promise<void>): Promise<void> {
    const [planned] = accepted;
    const { companion } = planned?.request ?? {};
    const [receipt] = planned?.receipts ?? [];
    if (companion === undefined || receipt === undefined || events.length === 0) return write(false);
    // Another process may have died since this handle looked.
    this.#mayOwe = true;
    await this.settle();
    if (this.#mayOwe) throw new GaitError('IO_ERROR', 'the file of an earlier event cannot be put in place');
    this.#mayOwe = true;
    const staged = stageCompanion(this.#world, this.#paths, companion, {
      sequence: receipt.sequence,
      leaf: Buffer.from(receipt.leaf_hash, 'hex'),
    });
    try {
      await write(true);
    } catch (error) {
      abandon(staged, error);
      throw error;
    }
    staged.place();
    this.#mayOwe = false;
  }
}

/** Where the event may be on the disk all the same, the next handle finds out. */
function abandon(staged: StagedCompanion, failure: unknown): void {
  if (isGaitError(failure) && (failure.code === 'SYNC_FAILED' || failure.code === 'HANDLE_POISONED')) return;
  try {
    staged.discard();
  } catch {
    // The failure that brought us here is the one to report; the record is still there, and says what to remove.
  }
}
