/**
 * Verifies journals on worker threads and in a single pass, as only built JavaScript can, and prints a line of JSON for
 * each: both reports, how many threads were started, and how often the first told its progress.
 *
 * argv[2], JSON: a list of `path`, `limits` to what is shared out, `options` for verifyJournal with keys in base64, and `harm`:
 * at which step the first is to be stopped by its caller (`abort`), or from which offset on to lose its threads (`kill`).
 */
import { verifyJournal } from '../../../dist/src/index.js';
import { verifyWithin } from '../../../dist/src/journal/verify/index.js';

let workers = [];
process.on('worker', (worker) => workers.push(worker));

for (const { path, limits, options, harm } of JSON.parse(process.argv[2])) {
  const publicKeys = options.publicKeys.map((key) => Buffer.from(key, 'base64'));
  workers = [];
  let steps = 0;
  const stop = new AbortController();
  let killedAt = 0;
  const onProgress = ({ bytes }) => {
    steps += 1;
    if (steps === harm?.abort) stop.abort();
    if (killedAt === 0 && workers.length > 0 && bytes >= harm?.kill) {
      killedAt = bytes;
      workers.forEach((worker) => worker.terminate());
    }
  };
  const parallel = await verifyWithin(limits, path, { ...options, publicKeys, onProgress, signal: stop.signal }).catch(
    (error) => error.name,
  );
  const threads = workers.length;
  // Nobody reads the journal any more: a thread that has ended has no number.
  const left = workers.filter(({ threadId }) => threadId !== -1).length;
  const single = await verifyJournal(path, { ...options, publicKeys });
  process.stdout.write(`${JSON.stringify({ parallel, single, threads, left, steps, killedAt })}\n`);
}
