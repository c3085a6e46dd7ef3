/**
 * Stands still in the middle of a commit, at a named point between two file operations, until a file appears.
 *
 * argv[2], JSON: `path`; `options` for openJournal; `point`; `goFile`. The event that is held up has the correlation id
 * `held`; after it the worker appends `later`, to show what its handle is good for. Prints what became of each.
 *
 * It waits rather than stopping itself, so that whoever reads "stopped" can send SIGSTOP and SIGCONT, each once.
 */
import { existsSync, writeSync } from 'node:fs';
import { openJournal } from '../../../dist/src/index.js';
import { nodeFileSystem as real } from '../../../dist/src/journal/store/index.js';

const { path, options, point, goFile } = JSON.parse(process.argv[2]);
const lockPath = `${path}.lock`;

let isArmed = false;
let isCaughtUp = false;

/** @param {string} here name of the point that is being passed */
function pass(here) {
  if (!isArmed || here !== point) return;
  isArmed = false;
  writeSync(1, '{"state":"stopped"}\n');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(goFile)) Atomics.wait(pause, 0, 0, 5);
}

/** @type {import('../../../dist/src/index.js').FileSystem} */
const fileSystem = {
  ...real,
  stat: (target) => {
    // Looking at the journal's path is how a commit begins.
    if (target === path) isCaughtUp = true;
    return real.stat(target);
  },
  lstat: (target) => {
    if (isCaughtUp && target === lockPath) pass('before the lock is checked');
    return real.lstat(target);
  },
  write: (descriptor, data, position) => {
    // Only the journal is written at the descriptor's own place.
    if (position === null) pass('before the write');
    const count = real.write(descriptor, data, position);
    if (position === null) pass('after the write');
    return count;
  },
  syncData: (descriptor) => {
    pass('before the sync');
    real.syncData(descriptor);
    pass('after the sync');
  },
  rmdir: (target) => {
    pass('before the release');
    real.rmdir(target);
  },
};

const journal = await openJournal(path, { ...options, fileSystem });
isArmed = true;
for (const ack of ['held', 'later']) {
  try {
    const receipt = await journal.append({ tool_name: 'tool.work', verdict: 'allow', correlation_id: ack });
    writeSync(1, `${JSON.stringify({ ack, receipt })}\n`);
  } catch (error) {
    writeSync(1, `${JSON.stringify({ refused: error.code ?? String(error) })}\n`);
  }
}
await journal.close();
