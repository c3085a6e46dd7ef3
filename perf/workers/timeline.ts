/** Child process: asks for one timeline, and answers with how much came and the most memory that took. */
import { once } from 'node:events';
import { timeline, type TimelineFilter } from '../../src/index.js';
import { peakResidentBytes } from '../resident.js';

export interface TimelineOrder {
  readonly root: string;
  readonly filter: TimelineFilter;
  /** How many there have to be. */
  readonly entries: number;
}

export interface TimelineAnswer {
  readonly entries: number;
  readonly peakResidentBytes: number;
}

const [order] = (await once(process, 'message')) as [TimelineOrder];
let entries = 0;
for await (const _ of timeline(order.root, order.filter)) entries += 1;
const answer: TimelineAnswer = { entries, peakResidentBytes: peakResidentBytes() };
process.send?.(answer, () => process.disconnect());
