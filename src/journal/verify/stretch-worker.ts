/** Worker thread: checks stretches of one journal until none is left. */
import { workerData } from 'node:worker_threads';
import { nodeFileSystem } from '../store/index.js';
import type { SessionNames } from '../ordinary-event.js';
import { StretchRing, type RingPlan } from './stretch-ring.js';
import { StretchChecker } from './stretch.js';

export interface WorkerSetup {
  readonly plan: RingPlan;
  /** Of the process, so that all threads read one file, whatever is put in its place. It stays open while this runs. */
  readonly descriptor: number;
  readonly names: SessionNames;
}

const { plan, descriptor, names } = workerData as WorkerSetup;
const ring = new StretchRing(plan);
const checker = new StretchChecker(nodeFileSystem, descriptor, names);
for (let id = ring.claimAhead(); id !== undefined; id = ring.claimAhead()) {
  checker.check(ring.rangeOf(id), ring.slotOf(id));
  ring.publish(id);
}
