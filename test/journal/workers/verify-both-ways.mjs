/**
 * Verifies journals on worker threads and in a single pass, as only built JavaScript can, and prints a line of JSON for
 * each: both reports, how many threads were started, and how often the first told its progress.
 *
 * argv[2], JSON: a list of `path`, `limits` to what is shared out, `options` for verifyJournal with keys in base64.
 */
import { verifyJournal } from '../../../dist/src/index.js';
import { verifyWithin } from '../../../dist/src/journal/verify/index.js';

let threads = 0;
process.on('worker', () => (threads += 1));

for (const { path, limits, options } of JSON.parse(process.argv[2])) {
  const publicKeys = options.publicKeys.map((key) => Buffer.from(key, 'base64'));
  threads = 0;
  let steps = 0;
  const parallel = await verifyWithin(limits, path, { ...options, publicKeys, onProgress: () => (steps += 1) });
  const started = threads;
  const single = await verifyJournal(path, { ...options, publicKeys });
  process.stdout.write(`${JSON.stringify({ parallel, single, threads: started, steps })}\n`);
}
