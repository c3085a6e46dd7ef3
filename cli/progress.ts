/** A line on a terminal that says how far long work has come, redrawn in place; nothing anywhere else. */
import { performance } from 'node:perf_hooks';
import type { Invocation } from './command.js';
import type { Io } from './io.js';
import type { Output } from './output.js';
import { byteSize } from './text.js';

/** Work that ends sooner shows nothing. */
const QUIET_MS = 1_000;

/** Time between two drawings. */
const REDRAW_MS = 200;

/** A rate over less than this is a guess. */
const RATE_AFTER_MS = 500;

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

/** Does work and shows how long it has been at it, or what it last told of how far it has come. */
export async function whileWorking<T>(
  { io, out, json }: Invocation,
  doing: string,
  work: (tell: (state: string) => void) => Promise<T>,
): Promise<T> {
  const line = new ProgressLine(io, out, json);
  const startedMs = performance.now();
  let state: string | undefined;
  const show = (): void => {
    line.update(() => `${doing}: ${state ?? `${Math.floor((performance.now() - startedMs) / 1_000)} s`}`);
  };
  const timer = setInterval(show, REDRAW_MS);
  try {
    return await work((told) => {
      state = told;
      show();
    });
  } finally {
    clearInterval(timer);
    await line.clear();
  }
}

/**
 * `43 % of 1.2 GiB, 210.0 MiB/s, 4 s left`: how far work on so many bytes has come. Pure.
 *
 * @param elapsedMs since it began; no rate is told before there is one to tell
 */
export function describeBytes(doneBytes: number, totalBytes: number, elapsedMs: number): string {
  const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
  const far = `${percent} % of ${byteSize(totalBytes)}`;
  if (doneBytes === 0 || elapsedMs < RATE_AFTER_MS) return far;
  const bytesPerSecond = (doneBytes / elapsedMs) * 1_000;
  const leftSeconds = Math.ceil((totalBytes - doneBytes) / bytesPerSecond);
  const left = leftSeconds < 120 ? `${leftSeconds} s` : `${Math.ceil(leftSeconds / 60)} min`;
  return `${far}, ${byteSize(bytesPerSecond)}/s, ${left} left`;
}
