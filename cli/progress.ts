/** A line on a terminal that says how far long work has come, redrawn in place; nothing anywhere else. */
import { performance } from 'node:perf_hooks';
import type { Io } from './io.js';
import type { Output } from './output.js';

/** Work that ends sooner shows nothing. */
const QUIET_MS = 1_000;

/** Time between two drawings. */
const REDRAW_MS = 200;

const ERASE_LINE = '\r\u001b[K';

export class ProgressLine {
  readonly #out: Output;
  readonly #isShown: boolean;
  #nextMs: number = performance.now() + QUIET_MS;
  #isDrawn = false;

  constructor(io: Io, out: Output, json: boolean) {
    this.#out = out;
    this.#isShown = io.stderr.isTTY === true && !json;
  }

  /** Draws what `describe` returns, unless it is too soon or there is no terminal. */
  update(describe: () => string): void {
    if (!this.#isShown || performance.now() < this.#nextMs) return;
    this.#nextMs = performance.now() + REDRAW_MS;
    this.#isDrawn = true;
    void this.#out.draw(`${ERASE_LINE}${describe()}`);
  }

  /** Removes the line. */
  async clear(): Promise<void> {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    await this.#out.draw(ERASE_LINE);
  }
}
