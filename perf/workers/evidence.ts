/** Child process: seals, packs, compacts or verifies once, as it is told, and answers with what that cost. */
import { once } from 'node:events';
import { loadPrivateKey, openJournal, verify, type KeyPair } from '../../src/index.js';
import type { EvidenceCost, EvidenceOrder, EvidenceTask } from '../evidence-task.js';
import { timeMs } from '../measure.js';
import { peakResidentBytes } from '../resident.js';
import { readSampleEvent } from '../sample-event.js';

const [order] = (await once(process, 'message')) as [EvidenceOrder];
const key = loadPrivateKey({ path: order.privateKeyPath });
const ms = await timeMs(() => work(order, key));
const cost: EvidenceCost = { ms, peakResidentBytes: peakResidentBytes() };
process.send?.(cost, () => process.disconnect());

async function work(task: EvidenceTask, signingKey: KeyPair): Promise<void> {
  if (task.task === 'verify') {
    const report = await verify(task.path, { publicKeys: [signingKey.publicKey], profile: 'strict' });
    if (!report.ok) throw new Error(`${task.path}: ${JSON.stringify(report.problems[0])}`);
    return;
  }
  const journal = await openJournal(task.path);
  if (task.task === 'compact') {
    const { compacted } = await journal.compact();
    if (!compacted) throw new Error(`${task.path}: there was nothing to compact`);
  } else if (task.task === 'pack') {
    await journal.checkpoint({ key: signingKey, out: task.out });
  } else {
    const event = readSampleEvent();
    for (let time = 0; time < task.times; time += 1) {
      await journal.append(event);
      await journal.checkpoint({ key: signingKey });
    }
  }
  await journal.close();
}
