/** Proofs: made from a whole journal, checked from themselves alone. No targets of their own. */
import { writeFileSync } from 'node:fs';
import { openJournal, proveConsistency, proveInclusion, verify, verifyJournal } from '../../src/index.js';
import type { Context, Suite } from '../context.js';
import { fillJournal } from '../fill.js';
import { interleave, ratePerSecond, timeMs, type Contender } from '../measure.js';
import { countOf, type Measured } from '../report.js';

export const prove: Suite = { name: 'prove', run };

async function run(context: Context): Promise<Measured[]> {
  const events = context.size(100_000, 1_000);
  const { path } = await fillJournal(context.newPath('jsonl'), events, 'buffered');
  const journal = await openJournal(path);
  await journal.checkpoint({ key: context.key.pair });
  await journal.close();
  const middle = events / 2;
  const proofs = {
    inclusion: context.newPath('proof'),
    consistency: context.newPath('proof'),
  };
  writeFileSync(proofs.inclusion, (await proveInclusion(path, middle)).text);
  writeFileSync(proofs.consistency, (await proveConsistency(path, middle)).text);
  const figures = await interleave(context.size(7, 1), {
    verify: () => ratePerSecond(events, () => verifyJournal(path)),
    inclusion: () => ratePerSecond(events, () => proveInclusion(path, middle)),
    consistency: () => ratePerSecond(events, () => proveConsistency(path, middle)),
    checkInclusion: checker(context, proofs.inclusion),
    checkConsistency: checker(context, proofs.consistency),
  });
  const making = (id: string, metric: string, project: readonly number[]): Measured => ({
    id,
    metric: `${metric}, ${countOf(events)}`,
    unit: 'events/s',
    floorIs: 'verify of the same journal, without a key',
    floor: figures.verify,
    project,
  });
  return [
    making('prove.inclusion', 'prove inclusion', figures.inclusion),
    making('prove.consistency', 'prove consistency', figures.consistency),
    { id: 'prove.check-inclusion', metric: 'verify an inclusion proof', unit: 'ms', project: figures.checkInclusion },
    {
      id: 'prove.check-consistency',
      metric: 'verify a consistency proof',
      unit: 'ms',
      project: figures.checkConsistency,
    },
  ];
}

/** One check is over before the clock is warm: the mean of some. */
function checker(context: Context, path: string): Contender {
  const times = context.size(100, 2);
  const options = { publicKeys: [context.key.pair.publicKey], requireSignature: true };
  return async () => {
    const ms = await timeMs(async () => {
      for (let time = 0; time < times; time += 1) {
        const { ok, problems } = await verify(path, options);
        if (!ok) throw new Error(`${path}: ${JSON.stringify(problems[0])}`);
      }
    });
    return ms / times;
  };
}
