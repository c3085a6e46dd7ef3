/**
 * Appends events to a journal and prints each receipt as soon as it has it.
 *
 * argv[2], JSON: `path`; `options` for openJournal; `name`, which makes the correlation ids unique; `count` of events,
 * without it on and on until killed; `callers` that append at the same time, 1 unless told.
 */
import { openJournal } from '../../../dist/src/index.js';

const { path, options, name, count = Infinity, callers = 1 } = JSON.parse(process.argv[2]);

const journal = await openJournal(path, options);
process.stdout.write('{"state":"open"}\n');

let started = 0;
async function append() {
  while (started < count) {
    const ack = `${name}-${started}`;
    started += 1;
    const receipt = await journal.append({ tool_name: 'tool.work', verdict: 'allow', correlation_id: ack });
    process.stdout.write(`${JSON.stringify({ ack, receipt })}\n`);
  }
}

await Promise.all(Array.from({ length: callers }, append));
await journal.close();
