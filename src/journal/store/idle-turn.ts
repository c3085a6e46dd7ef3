/**
 * Tells when the event loop has turned once and nothing happened meanwhile.
 *
 * Without a timer: the turn of a loop that has nothing to do takes microseconds, and a process that is done ends one turn
 * later.
 */
export class IdleTurn {
  readonly #onIdle: () => void;
  #isWatching = false;
  #hasHappened = false;

  /** @param onIdle never throws */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** Whether something happened since the last whole turn. */
  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** Something happened: `onIdle` is called after the next whole turn in which this is not called again. */
  touch(): void {
    this.#hasHappened = true;
    if (this.#isWatching) return;
    this.#isWatching = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    if (this.#hasHappened) {
      this.#hasHappened = false;
      setImmediate(this.#turn);
      return;
    }
    this.#isWatching = false;
    this.#onIdle();
  };
}
