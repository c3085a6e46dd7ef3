/**
 * Does one operation for each line on standard input, and answers with one line: what was acknowledged, or why it failed. All
 * of its calls to the kernel in between are made by its main thread, which is what the test traces.
 *
 * A request, JSON: `operation`; `root`, the folder to work in.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  emitTrace,
  erasePayload,
  executePrune,
  initKeys,
  isGaitError,
  openJournal,
  planPrune,
  rotateKeys,
  setHold,
  startSession,
} from '../../../dist/src/index.js';
import { keyPairFromSeed } from '../../../dist/src/sign/index.js';

const key = keyPairFromSeed(Buffer.alloc(32, 3));
/** When what the test prepared is old. */
const clock = () => Date.UTC(2026, 6, 1);
const event = { tool_name: 'tool.work', verdict: 'allow' };
const decision = {
  ...event,
  args_digest: 'a'.repeat(64),
  intent_digest: 'b'.repeat(64),
  policy_digest: 'c'.repeat(64),
};
const hold = { sessionId: 's1', reason: 'case 12', actor: 'counsel' };
const erasure = { sessionId: 's1', sequence: 1, reason: 'asked by the person', actor: 'dpo' };

/** What was acknowledged since the request came, whatever fails afterwards. */
let receipts = [];

async function onJournal(root, work) {
  const journal = await openJournal(join(root, 's1.jsonl'));
  try {
    await work(journal);
  } finally {
    await journal.close();
  }
}

const OPERATIONS = {
  start: (root) => startSession(join(root, 'new', 's2.jsonl'), { session_id: 's2', run_id: 'r' }),
  append: (root) =>
    onJournal(root, async (journal) => {
      for (const correlation_id of ['a', 'b']) receipts.push(await journal.append({ ...event, correlation_id }));
    }),
  payload: (root) =>
    onJournal(root, async (journal) => {
      receipts.push(await journal.append(event, { payload: { content: Buffer.from('more evidence') } }));
    }),
  checkpoint: (root) =>
    onJournal(root, (journal) =>
      journal.checkpoint({ key, out: join(root, 'cp.zip'), noteOut: join(root, 'cp.note') }),
    ),
  compact: (root) => onJournal(root, (journal) => journal.compact()),
  prune: async (root) => {
    const policy = { profile: 'short', clock };
    await executePrune(await planPrune(root, policy), { ...policy, root, key });
  },
  erase: (root) => erasePayload(erasure, { root, key, clock }),
  hold: (root) => setHold(root, hold, { key, clock }),
  rotate: (root) => [initKeys({ outDir: join(root, 'keys') }), rotateKeys({ outDir: join(root, 'keys') })],
  trace: async (root) => {
    const { receipt } = await emitTrace(decision, { key, journal: join(root, 's1.jsonl') });
    receipts.push(receipt);
  },
};

/** @returns what the test is told: receipts, and the code of the failure */
async function done({ operation, root }) {
  receipts = [];
  try {
    await OPERATIONS[operation](root);
    return { receipts };
  } catch (error) {
    return { receipts, code: isGaitError(error) ? error.code : `no error of gait: ${error.stack}` };
  }
}

// Loads what is loaded on first use, so that its reading is none of the calls that fail.
const [warmUp] = process.argv.slice(2);
for (const operation of ['start', 'payload', 'checkpoint', 'compact', 'erase', 'hold', 'prune', 'rotate', 'trace']) {
  await startSession(join(warmUp, 's1.jsonl'), { session_id: 's1', run_id: 'r' });
  await done({ operation, root: warmUp });
}
process.stdout.write('{"ready":true}\n');
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await done(JSON.parse(line)))}\n`);
}
