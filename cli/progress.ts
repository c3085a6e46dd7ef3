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
  return describeShare({ done: doneBytes, total: totalBytes, elapsedMs }, byteSize);
}

/** `43 % of 120000 lines, 52000 lines/s, 2 s left`, as {@link describeBytes}. Pure. */
export function describeLines(done: number, total: number, elapsedMs: number): string {
  return describeShare({ done, total, elapsedMs }, (lines) => `${Math.round(lines)} lines`);
}

interface Share {
  readonly done: number;
  readonly total: number;
  readonly elapsedMs: number;
}

function describeShare({ done, total, elapsedMs }: Share, show: (amount: number) => string): string {
  const percent = total === 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
  const far = `${percent} % of ${show(total)}`;
  const perSecond = ratePerSecond(done, elapsedMs);
  if (perSecond === undefined) return far;
  const leftSeconds = Math.ceil(Math.max(0, total - done) / perSecond);
  const left = leftSeconds < 120 ? `${leftSeconds} s` : `${Math.ceil(leftSeconds / 60)} min`;
  return `${far}, ${show(perSecond)}/s, ${left} left`;
}

/** Undefined while it would be a guess. Pure. */
export function ratePerSecond(done: number, elapsedMs: number): number | undefined {
  return done === 0 || elapsedMs < RATE_AFTER_MS ? undefined : (done / elapsedMs) * 1_000;
}
