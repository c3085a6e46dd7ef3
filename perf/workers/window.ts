/** Child process: opens a journal, then appends for as long as it is told and answers with how long each append took. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal } from '../../src/index.js';
import { timeMs } from '../measure.js';
import { readSampleEvent } from '../sample-event.js';
import type { WindowOrder, WindowShare } from '../window.js';

/** Nobody gives up: what is measured is how the waiting is shared out. */
const LOCK_TIMEOUT_MS = 60_000;

const event = readSampleEvent();
const [first] = (await once(process, 'message')) as [WindowOrder];
if (!('open' in first)) throw new Error('the first order names the journal');
const journal = await openJournal(first.open, { lockTimeoutMs: LOCK_TIMEOUT_MS });
const next = once(process, 'message');
process.send?.({ latenciesMs: [] } satisfies WindowShare);
const [second] = (await next) as [WindowOrder];
if (!('startsAt' in second)) throw new Error('the second order names the time');
await sleep(second.startsAt - Date.now());
const latenciesMs: number[] = [];
while (Date.now() < second.endsAt) latenciesMs.push(await timeMs(() => journal.append(event)));
await journal.close();
const share: WindowShare = { latenciesMs };
process.send?.(share, () => process.disconnect());
