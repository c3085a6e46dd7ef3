/** A signed checkpoint: what it costs at 1,000,000 events beside what it costs at 1,000. */
import { openJournal, readStatus, type Journal } from '../../src/index.js';
import { requireSound, type Context, type Suite } from '../context.js';
import { measureInChild, peaksMiB, type EvidenceCost } from '../evidence-task.js';
import { fillJournal } from '../fill.js';
import { interleave, timeMs, type Contender, type Figures } from '../measure.js';
import { countOf, type Measured } from '../report.js';

export const checkpoint: Suite = { name: 'checkpoint', run };

interface Sizes<T> {
  readonly small: T;
  readonly large: T;
}

async function run(context: Context): Promise<Measured[]> {
  const filled = {
    small: await fillJournal(context.newPath('jsonl'), context.size(1_000, 100), 'buffered'),
    large: await context.largeJournal('buffered'),
  };
  const counts = { small: countOf(filled.small.events), large: countOf(filled.large.events) };
  const paths = { small: filled.small.path, large: filled.large.path };
  return [
    ...(await timeRows(context, 'exclusive', paths, counts)),
    ...(await timeRows(context, 'shared', paths, counts)),
    await memoryRow(context, paths, counts),
  ];
}

async function timeRows(
  context: Context,
  lock: 'exclusive' | 'shared',
  paths: Sizes<string>,
  counts: Sizes<string>,
): Promise<Measured[]> {
  const rounds = context.size(41, 2);
  const small = await openJournal(paths.small, { lock });
  const large = await openJournal(paths.large, { lock });
  const figures: Sizes<Figures> = await interleave(rounds, {
    small: sealer(context, small),
    large: sealer(context, large),
  });
  for (const journal of [small, large]) await closeSound(journal, rounds + 1);
  return [
    {
      id: `checkpoint.${lock}`,
      metric: `signed checkpoint at ${counts.large}, ${lock}`,
      unit: 'ms',
      floorIs: `the same at ${counts.small}`,
      floor: figures.small,
      project: figures.large,
    },
  ];
}

/** The append that gives the checkpoint something to seal is not in its time. */
function sealer({ event, key }: Context, journal: Journal): Contender {
  return async () => {
    await journal.append(event);
    return timeMs(() => journal.checkpoint({ key: key.pair }));
  };
}

/** Closes a journal that held as many checkpoints more than before, each with one event. */
async function closeSound(journal: Journal, sealed: number): Promise<void> {
  await journal.close();
  const status = await readStatus(journal.path);
  if (status.checkpoint_count < sealed || status.last_checkpoint_sequence !== status.last_sequence) {
    throw new Error(`${journal.path}: ${status.checkpoint_count} checkpoints, ${sealed} were made`);
  }
  await requireSound(journal.path, status.last_sequence);
}

async function memoryRow(context: Context, paths: Sizes<string>, counts: Sizes<string>): Promise<Measured> {
  const times = context.size(20, 2);
  const costs: Sizes<EvidenceCost[]> = { small: [], large: [] };
  for (let round = 0; round < context.size(5, 1); round += 1) {
    for (const size of ['small', 'large'] as const) {
      const { privateKeyPath } = context.key;
      costs[size].push(await measureInChild({ task: 'seal', path: paths[size], times, privateKeyPath }));
    }
  }
  return {
    id: 'checkpoint.memory',
    metric: `peak memory of open and ${times} checkpoints at ${counts.large}`,
    unit: 'MiB',
    floorIs: `the same at ${counts.small}`,
    floor: peaksMiB(costs.small),
    project: peaksMiB(costs.large),
  };
}
