/** Standard output and standard error, with back-pressure, and without a crash when the reader has gone. */
import { GaitError } from '../src/errors.js';
import type { Io, OutputStream } from './io.js';

export class Output {
  readonly #out: Sink;
  readonly #err: Sink;
  /** Set for `--quiet`: nothing goes to standard error but {@link complain}. */
  isQuiet = false;

  constructor(io: Pick<Io, 'stdout' | 'stderr'>) {
    this.#out = new Sink(() => io.stdout);
    this.#err = new Sink(() => io.stderr);
  }

  /** True once the reader of standard output has gone (`| head`): nobody is left to print to. */
  get closed(): boolean {
    return this.#out.failure?.code === 'EPIPE';
  }

  /** True when standard output takes nothing any more, for whatever reason. */
  get isBroken(): boolean {
    return this.#out.failure !== undefined;
  }

  /**
   * Writes text, or bytes as they are, to standard output; resolves when it has left the process. A reader that has gone is no failure, see
   * {@link closed}; for any other the GaitError is IO_ERROR.
   */
  async write(text: string | Uint8Array): Promise<void> {
    await this.#out.write(text);
    const { failure } = this.#out;
    if (failure === undefined || this.closed) return;
    throw new GaitError('IO_ERROR', `cannot write the output: ${failure.message}`, { cause: failure });
  }

  /** Writes a line to standard error, unless nobody wants to hear; when that fails there is nowhere left to say so. */
  async note(line: string): Promise<void> {
    if (!this.isQuiet) await this.complain(line);
  }

  /** As {@link note}, for what has to be said. */
  async complain(line: string): Promise<void> {
    await this.#err.write(`${line}\n`);
  }

  /** Writes to standard error as it is, for what is redrawn in place. */
  async draw(text: string): Promise<void> {
    if (!this.isQuiet) await this.#err.write(text);
  }
}

class Sink {
  readonly #open: () => OutputStream;
  #stream: OutputStream | undefined;
  #failure: NodeJS.ErrnoException | undefined;

  /** @param open called for the first write: a stream that nothing is written to need not be made */
  constructor(open: () => OutputStream) {
    this.#open = open;
  }

  /** Why nothing more can be written, once that is so. */
  get failure(): NodeJS.ErrnoException | undefined {
    return this.#failure;
  }

  async write(text: string | Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return;
    const stream = (this.#stream ??= this.#listen(this.#open()));
    await new Promise<void>((resolve) => {
      stream.write(text, (error) => {
        if (error !== undefined && error !== null) this.#fail(error);
        resolve();
      });
    });
  }

  /** Never taken off: the event may come after the last write's callback, and unheard it would end the process. */
  #listen(stream: OutputStream): OutputStream {
    return stream.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#failure ??= error;
  }
}
