/** Child process: one workload, once, against the library that lies beside this file. */
import { once } from 'node:events';
import { runWorkload, type WorkloadOrder } from '../compare/workloads.js';

const [order] = (await once(process, 'message')) as [WorkloadOrder];
process.send?.(await runWorkload(order), () => process.disconnect());
