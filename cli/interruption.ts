/** Turns Ctrl-C and SIGTERM into a request to finish, for commands that have something to finish. */
import type { Interrupt, Io } from './io.js';

export class Interruption {
  readonly #stop: () => void;
  readonly #controller = new AbortController();
  #signal: Interrupt | undefined;

  /** Listens until {@link release}. `onInterrupt` is called once, with the first signal. */
  constructor(io: Io, onInterrupt: () => void = () => {}) {
    this.#stop = io.onInterrupt((signal) => {
      if (this.#signal !== undefined) return;
      this.#signal = signal;
      this.#controller.abort();
      onInterrupt();
    });
  }

  /** The signal that came, if one did. */
  get received(): Interrupt | undefined {
    return this.#signal;
  }

  /** Aborts when a signal comes. */
  get abortSignal(): AbortSignal {
    return this.#controller.signal;
  }

  release(): void {
    this.#stop();
  }
}
