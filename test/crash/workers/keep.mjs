/**
 * Appends two events and, before the event loop turns, does as it is told with the lock directory that it keeps.
 *
 * argv[2], JSON: `path`; `options` for openJournal; `next`: `kill`, `exit`, `end` (without closing), `flood` (appends on and
 * on), or `block` until `goFile` appears, to append `later` and close.
 */
import { existsSync, writeSync } from 'node:fs';
import { openJournal } from '../../../dist/src/index.js';

const { path, options, next, goFile } = JSON.parse(process.argv[2]);

const journal = await openJournal(path, options);
async function append(ack) {
  try {
    const receipt = await journal.append({ tool_name: 'tool.work', verdict: 'allow', correlation_id: ack });
    writeSync(1, `${JSON.stringify({ ack, receipt })}\n`);
  } catch (error) {
    writeSync(1, `${JSON.stringify({ refused: error.code ?? String(error) })}\n`);
  }
}

await append('first');
await append('kept');
// The kernel lock is given back once all promise callbacks are done.
await new Promise((resolve) => process.nextTick(resolve));
writeSync(1, `${JSON.stringify({ isKept: existsSync(`${path}.lock`) })}\n`);
if (next === 'kill') process.kill(process.pid, 'SIGKILL');
if (next === 'exit') process.exit(0);
if (next === 'flood') for (let number = 0; ; number += 1) await append(`flood-${number}`);
if (next === 'block') {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(goFile)) Atomics.wait(pause, 0, 0, 5);
  await append('later');
  await journal.close();
}
