/** Every suite there is, in the order in which they run. Those that seal the large journal come after the others. */
import type { Suite } from '../context.js';
import { buffered } from './buffered.js';
import { checkpoint } from './checkpoint.js';
import { oneShot, stdin } from './cli.js';
import { compact } from './compact.js';
import { durable } from './durable.js';
import { encode, hashing } from './encode.js';
import { memory, openLarge } from './large.js';
import { read, status } from './lookup.js';
import { plan } from './plan.js';
import { processes } from './processes.js';
import { prove } from './prove.js';
import { runpack } from './runpack.js';
import { timeline } from './timeline.js';
import { verification } from './verify.js';

export const SUITES: readonly Suite[] = [
  encode,
  hashing,
  durable,
  buffered,
  openLarge,
  status,
  read,
  timeline,
  memory,
  stdin,
  oneShot,
  processes,
  checkpoint,
  verification,
  runpack,
  compact,
  plan,
  prove,
];
