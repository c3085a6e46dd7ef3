/** Verification: beside the bare parsing and hashing that it cannot do without, on one core and on several, and its memory. */
import { readFileSync, statSync } from 'node:fs';
import { openJournal, verifyJournal } from '../../src/index.js';
import type { Context, Suite } from '../context.js';
import { measureInChild, peaksMiB } from '../evidence-task.js';
import { fillJournal } from '../fill.js';
import { parseAndHash, parseAndHashFile } from '../floors.js';
import { interleave, ratePerSecond, type Contender } from '../measure.js';
import { countOf, type Measured } from '../report.js';

export const verification: Suite = { name: 'verify', run };

/** Journals below this are read by one thread, whatever the machine. */
const ONE_THREAD_BELOW_BYTES = 64 * 2 ** 20;

/** A journal whose last line is a signed checkpoint. */
interface Sealed {
  readonly path: string;
  readonly events: number;
}

async function run(context: Context): Promise<Measured[]> {
  const small = await sealNew(context, context.size(10_000, 100));
  const short = await sealNew(context, context.size(90_000, 1_000));
  const long = await sealed(context, (await context.largeJournal('buffered')).path);
  if (statSync(short.path).size >= ONE_THREAD_BELOW_BYTES) throw new Error('too long for one thread');
  return [...(await rateRows(context, short, long)), ...(await memoryRows(context, small, short, long))];
}

async function rateRows(context: Context, short: Sealed, long: Sealed): Promise<Measured[]> {
  const lines = linesOf(short.path);
  const figures = await interleave(context.size(9, 1), {
    bare: () => ratePerSecond(lines.length, () => lines.forEach(parseAndHash)),
    bareFile: () => ratePerSecond(lines.length, () => parseAndHashFile(short.path)),
    short: verifier(context, short),
    long: verifier(context, long),
  });
  const row = { metric: `verify, strict, ${countOf(short.events)}`, unit: 'events/s', project: figures.short } as const;
  const floorIs = 'JSON.parse + SHA-256 of lines in memory, one thread';
  return [
    {
      ...row,
      id: 'verify.one-thread',
      floorIs,
      floor: figures.bare,
    },
    { ...row, id: 'verify.one-thread-file', floorIs: 'the same, of the lines of the file', floor: figures.bareFile },
    {
      id: 'verify.all-cores',
      metric: `verify, strict, ${countOf(long.events)}`,
      unit: 'events/s',
      floorIs,
      floor: figures.bare,
      project: figures.long,
    },
  ];
}

async function memoryRows(context: Context, small: Sealed, short: Sealed, long: Sealed): Promise<Measured[]> {
  const { privateKeyPath } = context.key;
  const peak = async ({ path }: Sealed): Promise<number> => {
    const [mebibytes] = peaksMiB([await measureInChild({ task: 'verify', path, privateKeyPath })]);
    return mebibytes ?? Number.NaN;
  };
  const figures = await interleave(context.size(5, 1), {
    small: () => peak(small),
    short: () => peak(short),
    long: () => peak(long),
  });
  const row = (id: string, journal: Sealed, project: readonly number[]): Measured => ({
    id,
    metric: `peak memory of verify at ${countOf(journal.events)}`,
    unit: 'MiB',
    floorIs: `the same at ${countOf(small.events)}`,
    floor: figures.small,
    project,
  });
  return [row('verify.memory', short, figures.short), row('verify.memory-large', long, figures.long)];
}

function verifier({ key }: Context, { path, events }: Sealed): Contender {
  const options = { publicKeys: [key.pair.publicKey], profile: 'strict' } as const;
  return () =>
    ratePerSecond(events, async () => {
      const { ok, coverage, problems } = await verifyJournal(path, options);
      if (!ok || coverage.events !== events) throw new Error(`${path}: ${JSON.stringify(problems[0])}`);
    });
}

async function sealNew(context: Context, events: number): Promise<Sealed> {
  const { path } = await fillJournal(context.newPath('jsonl'), events, 'buffered');
  return sealed(context, path);
}

async function sealed({ event, key }: Context, path: string): Promise<Sealed> {
  const journal = await openJournal(path);
  await journal.append(event);
  await journal.checkpoint({ key: key.pair });
  const { event_count: events } = await journal.status();
  await journal.close();
  return { path, events };
}

/** Each line a string of its own, not a slice of the file's text. */
function linesOf(path: string): string[] {
  const bytes = readFileSync(path);
  const lines: string[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf('\n', from);
    lines.push(bytes.toString('utf8', from, end));
    from = end + 1;
  }
  return lines;
}
