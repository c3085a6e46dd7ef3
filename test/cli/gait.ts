import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { run } from '../../cli/run.js';
import type { Interrupt, Io } from '../../cli/io.js';

export interface GaitOptions {
  /** Chunks of standard input, or a stream. */
  readonly stdin?: readonly (string | Uint8Array)[] | Readable;
  readonly env?: Readonly<Record<string, string>>;
  readonly stderrIsTty?: boolean;
  readonly clock?: () => number;
  /** Receives the function that interrupts the command, when the command begins to listen for it. */
  readonly onListening?: (interrupt: (signal: Interrupt) => void) => void;
  /** Called with what was written to standard output, as it is written. */
  readonly onStdout?: (text: string) => void;
  /** The error that standard output answers every write with. */
  readonly stdoutError?: NodeJS.ErrnoException;
}

export interface GaitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The JSON objects on standard output, one a line. */
  readonly objects: readonly Record<string, unknown>[];
  /** The last of them; throws when there is none. */
  readonly json: Record<string, unknown>;
}

/** Runs the CLI in this process. */
export async function gait(args: readonly string[], options: GaitOptions = {}): Promise<GaitResult> {
  const stdout = new Capture(options.onStdout, options.stdoutError);
  const stderr = new Capture();
  const { stdin = [] } = options;
  const io: Io = {
    stdin: stdin instanceof Readable ? stdin : Readable.from(stdin, { objectMode: false }),
    stdout,
    stderr: Object.assign(stderr, { isTTY: options.stderrIsTty === true }),
    env: options.env ?? {},
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    onInterrupt: (listener) => {
      options.onListening?.(listener);
      return () => {};
    },
  };
  const code = await run(args, io);
  return {
    code,
    stdout: stdout.text,
    stderr: stderr.text,
    get objects() {
      return parseLines(stdout.text);
    },
    get json() {
      const last = parseLines(stdout.text).at(-1);
      if (last === undefined) throw new Error(`no JSON on stdout; stderr: ${stderr.text}`);
      return last;
    },
  };
}

class Capture extends Writable {
  text = '';
  readonly #onText: ((text: string) => void) | undefined;
  readonly #error: Error | undefined;

  constructor(onText?: (text: string) => void, error?: Error) {
    super({ decodeStrings: false });
    this.#onText = onText;
    this.#error = error;
  }

  override _write(chunk: string, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#error === undefined) {
      this.text += chunk;
      this.#onText?.(chunk);
    }
    done(this.#error);
  }
}

export function parseLines(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Every file under a folder with its bytes, to show that nothing changed. */
export function snapshot(folder: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    files[path] = entry.isFile() ? readFileSync(path, 'latin1') : '';
  }
  return files;
}

/** Starts a session in a folder; returns the path of its journal. */
export async function startedJournal(folder: string, id = 's1'): Promise<string> {
  const path = join(folder, `${id}.jsonl`);
  const { code, stderr } = await gait([
    'run',
    'session',
    'start',
    '--journal',
    path,
    '--session-id',
    id,
    '--run-id',
    `run_${id}`,
  ]);
  if (code !== 0) throw new Error(stderr);
  return path;
}

/** A valid event as a line of NDJSON. */
export function eventLine(fields: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({ tool_name: 'fs.read', verdict: 'allow', ...fields })}\n`;
}
