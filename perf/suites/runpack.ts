/** Runpacks: how fast they are written and verified, and in how much memory, at 10,000 events and at 100,000. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Context, Suite } from '../context.js';
import { measureInChild, peaksMiB, type EvidenceCost } from '../evidence-task.js';
import { fillJournal } from '../fill.js';
import { hashAndWrite } from '../floors.js';
import { timeMs } from '../measure.js';
import { countOf, type Measured } from '../report.js';

export const runpack: Suite = { name: 'runpack', run };

/** One pack, written and verified, each in a process of its own; rates in MiB of the pack a second. */
interface Round {
  readonly writing: EvidenceCost;
  readonly verifying: EvidenceCost;
  readonly rates: Readonly<Record<'bareWrite' | 'write' | 'bareRead' | 'verify', number>>;
}

async function run(context: Context): Promise<Measured[]> {
  const counts = { small: context.size(10_000, 100), large: context.size(100_000, 1_000) };
  const small: Round[] = [];
  const large: Round[] = [];
  for (let round = 0; round < context.size(5, 1); round += 1) {
    small.push(await packOnce(context, counts.small));
    large.push(await packOnce(context, counts.large));
  }
  const rate = (name: keyof Round['rates']): number[] => large.map(({ rates }) => rates[name]);
  const memory = (work: 'writing' | 'verifying'): Measured => ({
    id: `runpack.memory-of-${work}`,
    metric: `peak memory of ${work} a runpack of ${countOf(counts.large)}`,
    unit: 'MiB',
    floorIs: `the same with ${countOf(counts.small)}`,
    floor: peaksMiB(small.map((round) => round[work])),
    project: peaksMiB(large.map((round) => round[work])),
  });
  return [
    {
      id: 'runpack.write',
      metric: `runpack of ${countOf(counts.large)}, written`,
      unit: 'MiB/s',
      floorIs: 'SHA-256, one write and fdatasync of as many bytes',
      floor: rate('bareWrite'),
      project: rate('write'),
    },
    {
      id: 'runpack.verify',
      metric: `runpack of ${countOf(counts.large)}, verified`,
      unit: 'MiB/s',
      floorIs: 'reading and SHA-256 of as many bytes',
      floor: rate('bareRead'),
      project: rate('verify'),
    },
    memory('writing'),
    memory('verifying'),
  ];
}

async function packOnce(context: Context, events: number): Promise<Round> {
  const { privateKeyPath } = context.key;
  const { path } = await fillJournal(context.newPath('jsonl'), events, 'buffered');
  const out = context.newPath('zip');
  const writing = await measureInChild({ task: 'pack', path, out, privateKeyPath });
  const verifying = await measureInChild({ task: 'verify', path: out, privateKeyPath });
  const pack = readFileSync(out);
  const rateOf = (ms: number): number => (pack.length / 2 ** 20 / ms) * 1000;
  const bare = context.newPath('bare');
  return {
    writing,
    verifying,
    rates: {
      bareWrite: rateOf(await timeMs(() => hashAndWrite(pack, bare))),
      write: rateOf(writing.ms),
      bareRead: rateOf(await timeMs(() => hash('sha256', readFileSync(out), 'hex'))),
      verify: rateOf(verifying.ms),
    },
  };
}
