#!/usr/bin/env node
/** The process around {@link run}: real argv, streams, environment and signals. */
import { run } from './run.js';

process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  // `once`: a second Ctrl-C meets the default again and ends a process that is stuck.
  onInterrupt: (listener) => {
    process.once('SIGINT', listener);
    process.once('SIGTERM', listener);
    return () => {
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
    };
  },
});
