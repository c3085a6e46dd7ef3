/**
 * Appends, seals and compacts a journal on and on until killed, and prints each receipt as soon as it has it.
 *
 * argv[2], JSON: `path`; `name`, which makes the correlation ids unique.
 */
import { openJournal } from '../../../dist/src/index.js';

const { path, name } = JSON.parse(process.argv[2]);

const journal = await openJournal(path);
process.stdout.write('{"state":"open"}\n');
for (let number = 0; ; number += 1) {
  const ack = `${name}-${number}`;
  const receipt = await journal.append({ tool_name: 'tool.work', verdict: 'allow', correlation_id: ack });
  process.stdout.write(`${JSON.stringify({ ack, receipt })}\n`);
  if (number % 3 === 0) await journal.checkpoint();
  if (number % 4 === 0) await journal.compact();
}
