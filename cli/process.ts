/** The process around {@link run}: real argv, streams, environment and signals. */
import { EXIT_CODES } from './exit-codes.js';
import { run } from './run.js';
import type { Interrupt } from './io.js';

/** Runs the command line that this process was started with, and ends the process. */
export function runProcess(): void {
  // Until run() says otherwise: a process whose event loop runs dry too early has not done its work.
  process.exitCode = EXIT_CODES.internal_failure;
  /** Those that were asked for: Node takes its time to make a stream, and most commands print nothing to standard error. */
  const opened = new Set<NodeJS.WriteStream>();
  const open = (stream: NodeJS.WriteStream): NodeJS.WriteStream => {
    opened.add(stream);
    return stream;
  };
  void run(process.argv.slice(2), {
    // Opened only for a command that reads it, as most do not.
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return open(process.stdout);
    },
    get stderr() {
      return open(process.stderr);
    },
    env: process.env,
    onInterrupt,
  }).then((exitCode) => {
    process.exitCode = exitCode;
    // A wait for a lock cannot be cancelled: without this, a command that gave up on a stopped writer would live as long as
    // that one.
    flush([...opened], () => process.exit());
  });
}

/** Calls `done` when what was printed has gone out. */
function flush([stream, ...others]: readonly NodeJS.WriteStream[], done: () => void): void {
  if (stream === undefined) done();
  else stream.write('', () => flush(others, done));
}

/**
 * Hands the first signal to `listener`; the second ends the process as if nobody listened, in case it is stuck. Not with
 * `once`: the locks' own exit hook kills the process when it finds itself the only listener left.
 */
function onInterrupt(listener: (signal: Interrupt) => void): () => void {
  let isFirst = true;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isFirst && (signal === 'SIGINT' || signal === 'SIGTERM')) {
      isFirst = false;
      listener(signal);
      return;
    }
    stop();
    process.kill(process.pid, signal);
  };
  const stop = (): void => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop;
}
