#!/usr/bin/env node
/** The process around {@link run}: real argv, streams, environment and signals. */
import { enableCompileCache } from './compile-cache.js';
import { EXIT_CODES } from './exit-codes.js';
import { run } from './run.js';
import type { Interrupt } from './io.js';

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

enableCompileCache(process.env);

// Until run() says otherwise: a process whose event loop runs dry too early has not done its work.
process.exitCode = EXIT_CODES.internal_failure;

// Not awaited here: the CLI is bundled as CommonJS, which has no await outside functions.
void run(process.argv.slice(2), {
  // Opened only for a command that reads it, as most do not.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  onInterrupt,
}).then((exitCode) => {
  process.exitCode = exitCode;
  // A wait for a lock cannot be cancelled: without this, a command that gave up on a stopped writer would live as long as
  // that one. What was printed goes out first.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
});
