/** Child process: plans one prune of a root, and answers with what that cost. */
import { once } from 'node:events';
import { planPrune } from '../../src/index.js';
import { timeMs } from '../measure.js';
import { peakResidentBytes } from '../resident.js';

export interface PlanOrder {
  readonly root: string;
  readonly profile: string;
  /** Items the plan must have, and how many of them must go. */
  readonly items: number;
  readonly going: number;
}

export interface PlanAnswer {
  readonly ms: number;
  readonly peakResidentBytes: number;
}

const [order] = (await once(process, 'message')) as [PlanOrder];
let found = '';
const ms = await timeMs(async () => {
  const { items, delete_count: going } = await planPrune(order.root, { profile: order.profile });
  found = `${items.length} items, ${going} of them to go`;
});
const expected = `${order.items} items, ${order.going} of them to go`;
if (found !== expected) throw new Error(`${order.root}: ${found} in place of ${expected}`);
const answer: PlanAnswer = { ms, peakResidentBytes: peakResidentBytes() };
process.send?.(answer, () => process.disconnect());
