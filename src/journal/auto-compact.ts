/** When a handle compacts by itself: after a checkpoint, once enough sealed lines are in the journal file. */
import type { CompactionPolicy } from './compaction-types.js';
import type { SessionLog } from './session-log.js';

export class AutoCompact {
  /** The last automatic compaction failed with this, and none has worked since. Shown when the handle is closed. */
  failure: Error | undefined;
  readonly #policy: CompactionPolicy;
  #running: Promise<void> | undefined;

  constructor(policy: CompactionPolicy) {
    this.#policy = policy;
  }

  /** Begins one when it is due and none is under way. Appends and seals go on meanwhile, and never fail because of it. */
  consider(log: SessionLog, compact: () => Promise<unknown>): void {
    if (this.#running !== undefined || !this.#isDue(log)) return;
    this.#running = compact()
      .then(
        () => {
          this.failure = undefined;
        },
        (error: unknown) => {
          this.failure = error instanceof Error ? error : new Error(String(error));
        },
      )
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #isDue({ lastRooted, archive, lastCheckpoint, lastSequence, eventCount }: SessionLog): boolean {
    if (lastRooted === undefined || lastRooted.lines <= archive.lines) return false;
    const { bytes = Infinity, events = Infinity } = this.#policy;
    const unsealed = lastSequence - (lastCheckpoint?.sequenceEnd ?? 0);
    const sealedEvents = eventCount - archive.events - unsealed;
    return lastRooted.endOffset - archive.liveOffset >= bytes || sealedEvents >= events;
  }
}
