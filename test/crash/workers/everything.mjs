/**
 * Does everything that writes to a session, on and on until killed, and prints each receipt as soon as it has it.
 *
 * argv[2], JSON: `path`; `name`, which makes the correlation ids unique; `skewMs`, what its clock is wrong by, and in
 * which it steps on at every turn.
 */
import { emitTrace, openJournal } from '../../../dist/src/index.js';
import { keyPairFromSeed } from '../../../dist/src/sign/index.js';

const { path, name, skewMs = 0 } = JSON.parse(process.argv[2]);
const key = keyPairFromSeed(Buffer.alloc(32, 3));

let steps = 0;
const clock = () => Date.now() + skewMs * (steps % 3);
const journal = await openJournal(path, { lockTimeoutMs: 60_000, clock });
process.stdout.write('{"state":"open"}\n');

const say = (ack, receipt) => process.stdout.write(`${JSON.stringify({ ack, receipt })}\n`);
const event = (ack) => ({ tool_name: 'tool.work', verdict: 'allow', correlation_id: ack });
const decision = {
  tool_name: 'tool.work',
  verdict: 'allow',
  args_digest: 'a'.repeat(64),
  intent_digest: 'b'.repeat(64),
  policy_digest: 'c'.repeat(64),
};

for (; ; steps += 1) {
  const acks = ['a', 'b', 'c'].map((part) => `${name}-${steps}${part}`);
  const [alone, ...group] = acks;
  say(alone, await journal.append(event(alone)));
  const receipts = await journal.appendAll(group.map(event));
  receipts.forEach((receipt, at) => say(group[at], receipt));
  if (steps % 2 === 0) await journal.append(event(`${name}-${steps}p`), { payload: { content: Buffer.from(name) } });
  if (steps % 3 === 0) await journal.checkpoint({ key }).catch(ignoreNothingToSeal);
  if (steps % 4 === 0) await journal.compact();
  if (steps % 5 === 0) await emitTrace(decision, { key, journal, clock });
}

/** Another worker sealed everything first. */
function ignoreNothingToSeal(error) {
  if (error.code !== 'NOTHING_TO_SEAL') throw error;
}
