/** A process of the swarm: plays its role until it is told to stop, or killed. */
import type { PlayRole, WorkerOrder } from './role-context.js';
import { RoleContext } from './role-context.js';
import { compact, seal, verify } from './roles/keepers.js';
import { prune } from './roles/pruner.js';
import { read } from './roles/reader.js';
import { write } from './roles/writer.js';
import type { Role } from './schedule.js';

const WINDOW_MS = 500;

const ROLES: Readonly<Record<Role, PlayRole>> = {
  writer: write,
  reader: read,
  checkpointer: seal,
  compactor: compact,
  pruner: prune,
  verifier: verify,
};

const order = JSON.parse(process.argv[2] ?? '') as WorkerOrder;
const context = new RoleContext(order);
process.on('message', () => (context.isStopping = true));
// Nobody is left who would tell it to stop.
process.on('disconnect', () => process.exit(0));
const timer = setInterval(() => process.send?.(context.takeWindow()), WINDOW_MS);
while (!context.isStopping) await ROLES[order.role](context);
clearInterval(timer);
process.send?.(context.takeWindow(), () => process.exit(0));
