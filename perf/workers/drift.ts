/** Child process: appends one event after the other, durably, and notes what each cost; at some sizes it stops to look. */
import { once } from 'node:events';
import { loadPrivateKey, openJournal, readStatus, startSession, type Journal } from '../../src/index.js';
import { lastLineBytes } from '../context.js';
import { sizesUpTo, type DriftFigures, type DriftOrder, type SizePoint, type Tenth } from '../drift/drift-task.js';
import { BareFile, lineOf } from '../floors.js';
import { median, timeMs } from '../measure.js';
import { readSampleEvent } from '../sample-event.js';

/** One bare write and sync for so many appends: enough for a p99 of its own, too few to be in the way. */
const APPENDS_A_FLOOR = 10;
const SAMPLES_A_TENTH = 20;

const [order] = (await once(process, 'message')) as [DriftOrder];
const key = loadPrivateKey({ path: order.privateKeyPath });
const event = readSampleEvent();
await startSession(order.path, { session_id: 'drift', run_id: 'drift' });
let journal: Journal = await openJournal(order.path);
await journal.append(event);
const line = lineOf(lastLineBytes(order.path));
const bare = new BareFile(order.barePath);
const sizes = sizesUpTo(order.events);
const points: SizePoint[] = [];
const tenths: Tenth[] = [];
// Allocated once, before the first sample of the memory: the notes must not be what grows.
const perTenth = order.events / 10;
const appends = new Float64Array(perTenth);
const floors = new Float64Array(Math.ceil(perTenth / APPENDS_A_FLOOR));
for (let tenth = 0; tenth < 10; tenth += 1) tenths.push(await appendTenth(tenth * perTenth));
bare.close();
await journal.close();
const figures: DriftFigures = { tenths, points };
process.send?.(figures, () => process.disconnect());

async function appendTenth(done: number): Promise<Tenth> {
  const resident: number[] = [];
  let appendMs = 0;
  for (let index = 0; index < perTenth; index += 1) {
    if (index % APPENDS_A_FLOOR === 0) floors[index / APPENDS_A_FLOOR] = await timeMs(() => bare.appendDurably(line));
    const ms = await timeMs(() => journal.append(event));
    appends[index] = ms;
    appendMs += ms;
    if (index % Math.ceil(perTenth / SAMPLES_A_TENTH) === 0) resident.push(process.memoryUsage.rss());
    if (sizes.includes(done + index + 1)) points.push(await lookAt(done + index + 1));
  }
  return {
    p50: at(appends, 0.5),
    p90: at(appends, 0.9),
    p99: at(appends, 0.99),
    max: at(appends, 1),
    events_per_second: (perTenth / appendMs) * 1000,
    floor_p50: at(floors, 0.5),
    floor_p99: at(floors, 0.99),
    resident_bytes: median(resident),
  };
}

/** In place: a sorted copy for every figure would be what the memory shows. */
function at(values: Float64Array, q: number): number {
  return values.sort()[Math.round((values.length - 1) * q)] ?? Number.NaN;
}

/** Opens anew, asks for the status and seals, some times over; goes on with a new handle. */
async function lookAt(events: number): Promise<SizePoint> {
  const point = { events, reopen: [] as number[], status: [] as number[], checkpoint: [] as number[] };
  await journal.close();
  for (let round = 0; round < order.rounds; round += 1) {
    point.reopen.push(
      await timeMs(async () => {
        journal = await openJournal(order.path);
        await journal.append(event);
      }),
    );
    point.status.push(await timeMs(() => readStatus(order.path)));
    point.checkpoint.push(await timeMs(() => journal.checkpoint({ key })));
    await journal.close();
  }
  journal = await openJournal(order.path);
  return point;
}
