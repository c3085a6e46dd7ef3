/** Child process: opens a journal, then appends for as long as it is told and answers with the count. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal } from '../../src/index.js';
import { readSampleEvent } from '../sample-event.js';
import type { WindowOrder } from '../window.js';

/** Nobody gives up: what is measured is how the waiting is shared out. */
const LOCK_TIMEOUT_MS = 60_000;

const event = readSampleEvent();
const [first] = (await once(process, 'message')) as [WindowOrder];
if (!('open' in first)) throw new Error('the first order names the journal');
const journal = await openJournal(first.open, { lockTimeoutMs: LOCK_TIMEOUT_MS });
const next = once(process, 'message');
process.send?.(0);
const [second] = (await next) as [WindowOrder];
if (!('startsAt' in second)) throw new Error('the second order names the time');
await sleep(second.startsAt - Date.now());
let count = 0;
for (; Date.now() < second.endsAt; count += 1) await journal.append(event);
await journal.close();
process.send?.(count, () => process.disconnect());
