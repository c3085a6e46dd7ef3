/** When a handle seals by itself: after so many events, after so much time, at close. */
import type { SealPolicy } from './handle-types.js';

export class AutoSeal {
  readonly policy: SealPolicy;
  /** The last automatic seal failed with this, and none has worked since. Shown when the handle is closed. */
  failure: Error | undefined;
  readonly #seal: () => Promise<unknown>;
  #timer: NodeJS.Timeout | undefined;

  /** @param seal seals what is unsealed, if anything; used by the timer */
  constructor(policy: SealPolicy, seal: () => Promise<unknown>) {
    this.policy = policy;
    this.#seal = seal;
  }

  isDue(unsealedEvents: number): boolean {
    const { everyEvents } = this.policy;
    return everyEvents !== undefined && unsealedEvents >= everyEvents;
  }

  /** Starts the clock for events that were just appended, unless it runs already. */
  arm(): void {
    const { everyMs } = this.policy;
    if (everyMs === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.attempt(this.#seal);
    }, everyMs);
    // An agent that is done must be able to exit; onClose is for that moment.
    this.#timer.unref();
  }

  disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** An automatic seal that fails must not fail the append it followed: the events are kept, the next attempt seals them. */
  async attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.failure = undefined;
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
  }
}
