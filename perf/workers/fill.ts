/** Child process: fills the journal it is told to and answers with its memory on the way. */
import { once } from 'node:events';
import { openJournal, startSession } from '../../src/index.js';
import { appendByCallers, appendInBatches } from '../callers.js';
import { readSampleEvent } from '../sample-event.js';
import type { FillOrder } from '../fill.js';

const SAMPLES = 100;
const BATCH_EVENTS = 1_000;
const CALLERS = 64;

const [order] = (await once(process, 'message')) as [FillOrder];
const { path, events, way } = order;
const event = readSampleEvent();
await startSession(path, { session_id: 'large', run_id: 'bench' });
const journal = await openJournal(path, { durability: way });
const residentBytes: number[] = [];
for (let sample = 0; sample < SAMPLES; sample += 1) {
  const share = Math.floor(events / SAMPLES);
  if (way === 'buffered') await appendInBatches(journal, event, BATCH_EVENTS, share);
  else await appendByCallers(journal, event, CALLERS, share);
  residentBytes.push(process.memoryUsage.rss());
}
await journal.close();
process.send?.(residentBytes, () => process.disconnect());
