/** `append --stdin`: the stream around {@link appendStream}: receipts, warnings, progress, Ctrl-C. */
import { performance } from 'node:perf_hooks';
import type { GaitError } from '../src/errors.js';
import type { EventInput, Journal, OpenOptions, Receipt } from '../src/index.js';
import { appendStream, type StreamProgress } from './append-stream.js';
import type { Invocation, Outcome } from './command.js';
import { EXIT_CODES, EXIT_OK, INTERRUPT_CODES } from './exit-codes.js';
import { inputFile, type InputFile } from './files.js';
import { Interruption } from './interruption.js';
import { describeBytes, ProgressLine, ratePerSecond } from './progress.js';
import { journalPath } from './target.js';
import { clean, count } from './text.js';

/** So many invalid lines are reported one by one; all are counted. */
const MAX_REPORTED_INVALID = 20;

/**
 * Appends the events on standard input and prints a receipt each (`--json`), then where the stream ended. Ctrl-C and
 * SIGTERM let the commit in flight finish first.
 *
 * @throws GaitError what ended the stream; `echo` then says how far it came
 */
export async function appendStdin(
  invocation: Invocation,
  options: OpenOptions,
  defaults: Partial<EventInput>,
): Promise<Outcome> {
  const { args, echo, io } = invocation;
  const path = await journalPath(args, echo);
  const expectedSequence = args.whole('expect-sequence');
  const { openJournal } = await import('../src/index.js');
  const journal = await openJournal(path, options);
  const interruption = new Interruption(io, () => io.stdin.destroy());
  try {
    const { last_sequence: lastSequence } = await journal.status();
    const progress: StreamProgress = { appended: 0, skipped: 0, lastSequence };
    return await new Session(invocation, interruption, progress).append(journal, {
      defaults,
      ...(expectedSequence === undefined ? {} : { expectedSequence }),
    });
  } finally {
    interruption.release();
    await journal.close();
  }
}

class Session {
  readonly #invocation: Invocation;
  readonly #interruption: Interruption;
  readonly #progress: StreamProgress;
  readonly #line: ProgressLine;
  readonly #startedMs = performance.now();
  /** Of standard input that is a file; a pipe has no size. */
  readonly #input: InputFile | undefined;

  constructor(invocation: Invocation, interruption: Interruption, progress: StreamProgress) {
    this.#invocation = invocation;
    this.#interruption = interruption;
    this.#progress = progress;
    this.#line = new ProgressLine(invocation.io, invocation.out, invocation.json);
    this.#input = inputFile(invocation.io.stdin);
  }

  async append(
    journal: Journal,
    options: { readonly defaults: Partial<EventInput>; readonly expectedSequence?: number },
  ): Promise<Outcome> {
    const { args, io, json, out } = this.#invocation;
    const correlation = json ? await this.#invocation.correlationId() : '';
    const { canonicalJson } = await import('../src/index.js');
    try {
      await appendStream(journal, io.stdin, this.#progress, {
        ...options,
        ...(args.has('skip-invalid') ? { onInvalid: async (error) => await this.#warn(error) } : {}),
        onReceipts: async (receipts) => {
          if (json) await out.write(receiptLines(receipts, correlation, canonicalJson));
          this.#line.update(() => this.#far());
        },
        isStopped: () => this.#interruption.received !== undefined || out.closed,
      });
    } catch (error) {
      // Closing standard input is how a signal ends the stream, and the stream calls that an error.
      if (this.#interruption.received === undefined || !isStreamEnd(error)) {
        await this.#leaveTrace(error);
        throw error;
      }
    } finally {
      await this.#line.clear();
    }
    return await this.#outcome();
  }

  async #outcome(): Promise<Outcome> {
    const { out, echo } = this.#invocation;
    const { appended, skipped, lastSequence } = this.#progress;
    Object.assign(echo, { appended, skipped, last_sequence: lastSequence });
    const signal = this.#interruption.received;
    const unreported = skipped - MAX_REPORTED_INVALID;
    const warnings = unreported > 0 ? [`warning: … and ${count(unreported, 'more invalid line')}`] : [];
    if (out.closed) {
      // Nobody reads standard output any more; what a caller needs in order to resume goes to standard error.
      await out.note(this.#summary());
      return { exitCode: EXIT_CODES.io_failure };
    }
    return {
      exitCode: signal === undefined ? EXIT_OK : INTERRUPT_CODES[signal],
      json: { ok: signal === undefined, ...(signal === undefined ? {} : { interrupted: signal }) },
      text: [this.#summary()],
      warnings,
    };
  }

  /** Says how far the stream came, where an error ends it. */
  async #leaveTrace(error: unknown): Promise<void> {
    const { out, echo, json } = this.#invocation;
    const { appended, skipped, lastSequence } = this.#progress;
    Object.assign(echo, { appended, skipped, last_sequence: lastSequence });
    const line = lineOf(error);
    if (line !== undefined) echo['line'] = line;
    await this.#line.clear();
    if (out.isBroken) await out.note(this.#summary());
    else if (!json) await out.write(`${this.#summary()}\n`);
  }

  async #warn(error: GaitError): Promise<void> {
    if (this.#progress.skipped > MAX_REPORTED_INVALID) return;
    await this.#line.clear();
    await this.#invocation.out.note(`skipped ${clean(error.message)} (${error.code})`);
  }

  /** How far the stream has come, how fast, and of a file how long still. */
  #far(): string {
    const elapsedMs = performance.now() - this.#startedMs;
    const perSecond = ratePerSecond(this.#progress.appended, elapsedMs);
    const rate = perSecond === undefined ? '' : `, ${Math.round(perSecond)} events/s`;
    const input = this.#input;
    const far = input === undefined ? '' : `; input: ${describeBytes(input.bytesRead, input.sizeBytes, elapsedMs)}`;
    return `${this.#summary()}${rate}${far}`;
  }

  #summary(): string {
    const { appended, skipped, lastSequence } = this.#progress;
    return `session append: appended=${appended} skipped=${skipped} last_sequence=${lastSequence}`;
  }
}

/** One receipt a line, with the run's correlation id; keys are written in sorted order. */
function receiptLines(
  receipts: readonly Receipt[],
  correlationId: string,
  canonicalJson: (value: unknown) => string,
): string {
  let text = '';
  for (const { durability, leaf_hash, leaf_index, sequence, session_id } of receipts) {
    const line = { correlation_id: correlationId, durability, leaf_hash, leaf_index, sequence, session_id };
    text += `${canonicalJson(line)}\n`;
  }
  return text;
}

function lineOf(error: unknown): number | undefined {
  const details = error instanceof Error && 'details' in error ? error.details : undefined;
  const line = (details as { readonly line?: unknown } | undefined)?.line;
  return typeof line === 'number' ? line : undefined;
}

function isStreamEnd(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
