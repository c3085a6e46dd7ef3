/** The command line, as a process, from its start to its end. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openJournal } from '../../src/index.js';
import { appendInBatches } from '../callers.js';
import { requireSound, type Context, type Suite } from '../context.js';
import { interleave, ratePerSecond, timeMs, type Contender } from '../measure.js';
import { gaitBin } from '../paths.js';
import type { Measured } from '../report.js';

export const stdin: Suite = { name: 'stdin', run: runStdin };
export const oneShot: Suite = { name: 'one-shot', run: runOneShot };

const CHUNK_EVENTS = 128;
const BATCH_EVENTS = 1_000;

async function runStdin(context: Context): Promise<Measured[]> {
  const events = context.size(256_000, 1_280);
  const contender =
    (flags: readonly string[]): Contender =>
    async () => {
      const path = await context.newSession();
      const rate = await ratePerSecond(events, () => pipeEvents(context, path, events, flags));
      await requireSound(path, events);
      return rate;
    };
  const inProcess = async (): Promise<number> => {
    const journal = await openJournal(await context.newSession());
    const rate = await ratePerSecond(events, () => appendInBatches(journal, context.event, BATCH_EVENTS, events));
    await journal.close();
    return rate;
  };
  const figures = await interleave(context.size(5, 1), {
    inProcess,
    plain: contender([]),
    json: contender(['--json']),
  });
  const row = (id: string, metric: string, project: readonly number[]): Measured => ({
    id,
    metric,
    unit: 'events/s',
    floorIs: 'durable appendAll of 1,000 in one process',
    floor: figures.inProcess,
    project,
  });
  return [
    row('stdin.plain', 'append --stdin, start-up included', figures.plain),
    row('stdin.json', 'append --stdin --json', figures.json),
  ];
}

async function pipeEvents(context: Context, path: string, events: number, flags: readonly string[]): Promise<void> {
  const args = [gaitBin, 'run', 'session', 'append', '--journal', path, '--stdin', ...flags];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  child.stdout.resume();
  const chunk = `${JSON.stringify(context.event)}\n`.repeat(CHUNK_EVENTS);
  const chunks = function* (): Generator<string> {
    for (let sent = 0; sent < events; sent += CHUNK_EVENTS) yield chunk;
  };
  await pipeline(Readable.from(chunks()), child.stdin);
  const [code] = (await closed) as [number | null];
  if (code !== 0) throw new Error(`append --stdin exited with ${code}`);
}

async function runOneShot(context: Context): Promise<Measured[]> {
  const path = await context.newSession();
  const rounds = context.size(41, 2);
  const figures = await interleave(rounds, {
    node: () => timeMs(() => runNode(['-e', '0'])),
    append: () =>
      timeMs(() =>
        runNode([gaitBin, 'run', 'session', 'append', '--journal', path, '--tool', 'shell', '--verdict', 'allow']),
      ),
    status: () => timeMs(() => runNode([gaitBin, 'run', 'session', 'status', '--journal', path])),
  });
  await requireSound(path, rounds + 1);
  const row = (command: string, project: readonly number[]): Measured => ({
    id: `one-shot.${command}`,
    metric: `gait run session ${command}`,
    unit: 'ms',
    floorIs: 'node -e 0',
    floor: figures.node,
    project,
  });
  return [row('append', figures.append), row('status', figures.status)];
}

function runNode(args: readonly string[]): void {
  const { status, error } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`node ${args.join(' ')} exited with ${status}`);
}
