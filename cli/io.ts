/** What a command sees of the process it runs in; tests pass their own. */
import type { Readable } from 'node:stream';

export interface Io {
  readonly stdin: Readable;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Unix milliseconds, for times as people read them; the clock of this host unless given. */
  readonly clock?: () => number;
  /** Calls `listener` at SIGINT and SIGTERM instead of dying of them, until the returned function is called. */
  readonly onInterrupt: (listener: (signal: Interrupt) => void) => () => void;
}

export type Interrupt = 'SIGINT' | 'SIGTERM';

export interface OutputStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}
