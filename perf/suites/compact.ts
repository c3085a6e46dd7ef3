/** Compaction: how fast sealed lines leave the journal file, and in how much memory. */
import { hash } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { constants, gzipSync } from 'node:zlib';
import { openJournal } from '../../src/index.js';
import { requireSound, type Context, type Suite } from '../context.js';
import { measureInChild, peaksMiB, type EvidenceCost } from '../evidence-task.js';
import { fillJournal } from '../fill.js';
import { timeMs } from '../measure.js';
import { countOf, type Measured } from '../report.js';

export const compact: Suite = { name: 'compact', run };

/** As segments are written. */
const GZIP = { level: 4, memLevel: constants.Z_MAX_MEMLEVEL };

interface Round {
  readonly cost: EvidenceCost;
  /** Events a second. */
  readonly bare: number;
  readonly rate: number;
  /** MiB of the journal file a second. */
  readonly throughput: number;
}

async function run(context: Context): Promise<Measured[]> {
  const counts = { small: context.size(10_000, 100), large: context.size(200_000, 1_000) };
  const small: Round[] = [];
  const large: Round[] = [];
  for (let round = 0; round < context.size(5, 1); round += 1) {
    small.push(await compactOnce(context, counts.small));
    large.push(await compactOnce(context, counts.large));
  }
  return [
    {
      id: 'compact.rate',
      metric: `compaction of ${countOf(counts.large)}`,
      unit: 'events/s',
      floorIs: 'reading, SHA-256, gzip, one write and fdatasync of as many bytes, one thread',
      floor: large.map(({ bare }) => bare),
      project: large.map(({ rate }) => rate),
    },
    {
      id: 'compact.throughput',
      metric: `the same, of the journal file's bytes`,
      unit: 'MiB/s',
      project: large.map(({ throughput }) => throughput),
    },
    {
      id: 'compact.memory',
      metric: `peak memory of compacting ${countOf(counts.large)}`,
      unit: 'MiB',
      floorIs: `the same with ${countOf(counts.small)}`,
      floor: peaksMiB(small.map(({ cost }) => cost)),
      project: peaksMiB(large.map(({ cost }) => cost)),
    },
  ];
}

async function compactOnce(context: Context, events: number): Promise<Round> {
  const { path } = await fillJournal(context.newPath('jsonl'), events, 'buffered');
  const journal = await openJournal(path);
  await journal.checkpoint({ key: context.key.pair });
  await journal.close();
  const mebibytes = statSync(path).size / 2 ** 20;
  const bareMs = await timeMs(() => pack(path, context.newPath('bare')));
  const { privateKeyPath } = context.key;
  const cost = await measureInChild({ task: 'compact', path, privateKeyPath });
  await requireSound(path, events);
  return {
    cost,
    bare: (events / bareMs) * 1000,
    rate: (events / cost.ms) * 1000,
    throughput: (mebibytes / cost.ms) * 1000,
  };
}

function pack(from: string, to: string): void {
  const bytes = readFileSync(from);
  hash('sha256', bytes, 'hex');
  const descriptor = openSync(to, 'w');
  writeSync(descriptor, gzipSync(bytes, GZIP));
  fdatasyncSync(descriptor);
  closeSync(descriptor);
}
