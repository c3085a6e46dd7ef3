/** The pure parts: canonical text, exact parsing, hashing, each beside the platform's call. No targets of their own. */
import { hash } from 'node:crypto';
import { Bench } from 'tinybench';
import { canonicalJson, parseExactJson, sha256Hex } from '../../src/index.js';
import { Frontier, leafHashOfText } from '../../src/sign/index.js';
import type { Context, Suite } from '../context.js';
import type { Measured } from '../report.js';
import { readRealEvents } from '../sample-event.js';

export const encode: Suite = { name: 'encode', run };
export const hashing: Suite = { name: 'hash', run: runHash };

async function run(context: Context): Promise<Measured[]> {
  const events = readRealEvents();
  const texts = events.map((event) => JSON.stringify(event));
  return [
    await pair(context, 'encode.canonical-json', 'canonicalJson', 'JSON.stringify', events, {
      floor: (event) => JSON.stringify(event),
      project: (event) => canonicalJson(event),
    }),
    await pair(context, 'encode.parse-exact-json', 'parseExactJson', 'JSON.parse', texts, {
      floor: (text) => JSON.parse(text),
      project: (text) => parseExactJson(text),
    }),
  ];
}

async function runHash(context: Context): Promise<Measured[]> {
  const texts = readRealEvents().map((event) => JSON.stringify(event));
  const leaves = texts.map((text) => leafHashOfText(text));
  const tree = new Frontier();
  const pairOfHashes = Buffer.alloc(64);
  return [
    await pair(context, 'hash.sha256', 'sha256Hex', 'crypto.hash', texts, {
      floor: (text) => hash('sha256', text, 'hex'),
      project: (text) => sha256Hex(text),
    }),
    await pair(context, 'hash.leaf', 'leaf hash of a line', 'crypto.hash', texts, {
      floor: (text) => hash('sha256', text, 'buffer'),
      project: (text) => leafHashOfText(text),
    }),
    // A leaf makes one inner node, in the mean.
    await pair(context, 'hash.frontier', 'a leaf into the tree', 'crypto.hash of two hashes', leaves, {
      floor: () => hash('sha256', pairOfHashes, 'buffer'),
      project: (leaf) => tree.append(leaf),
    }),
  ];
}

interface Pair<T> {
  readonly floor: (input: T) => unknown;
  readonly project: (input: T) => unknown;
}

/** Each task goes once over all inputs: a single call is shorter than the clock can tell. */
async function pair<T>(
  context: Context,
  id: string,
  metric: string,
  floorIs: string,
  inputs: readonly T[],
  { floor, project }: Pair<T>,
): Promise<Measured> {
  const figures: Record<'floor' | 'project', number[]> = { floor: [], project: [] };
  for (let round = 0; round < context.size(9, 2); round += 1) {
    const bench = new Bench({ time: context.size(150, 5), warmupTime: context.size(50, 5) });
    const tasks = [
      ['floor', () => inputs.forEach(floor)],
      ['project', () => inputs.forEach(project)],
    ] as const;
    for (const [name, task] of round % 2 === 0 ? tasks : tasks.toReversed()) bench.add(name, task);
    await bench.run();
    for (const name of ['floor', 'project'] as const) {
      const result = bench.getTask(name)?.result;
      if (result?.state !== 'completed') throw new Error(`${metric}: the ${name} task is ${result?.state}`);
      figures[name].push((inputs.length / result.latency.p50) * 1000);
    }
  }
  return { id, metric, unit: 'events/s', floorIs, floor: figures.floor, project: figures.project };
}
