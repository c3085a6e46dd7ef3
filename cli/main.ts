#!/usr/bin/env node
/** The process around {@link run}: real argv, streams, environment and signals. */
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

process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  onInterrupt,
});
