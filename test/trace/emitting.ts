/** Decisions to emit, and what is found of them on the disk. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readJournal, type EmitTraceOptions, type JsonObject, type KeyPair, type TraceInput } from '../../src/index.js';
import { QUICK } from '../support/journal-fixtures.js';
import { key } from './checked.js';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const signer: KeyPair = { seed: key.seed, publicKey: key.publicKey };

export const decision: TraceInput = {
  tool_name: 'fs.delete',
  verdict: 'block',
  args_digest: sha256('args'),
  intent_digest: sha256('intent'),
  policy_digest: sha256('policy'),
};

export const emission: EmitTraceOptions = { ...QUICK, key: signer };

export function readTraceFile(path: string): JsonObject {
  return JSON.parse(readFileSync(path, 'utf8')) as JsonObject;
}

/** Trace files of a folder, and what lies hidden there. */
export function tracesIn(folder: string): { readonly traces: string[]; readonly hidden: string[] } {
  const names = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  return {
    traces: names.filter((name) => /^trace_.*\.json$/.test(name)),
    hidden: names.filter((name) => name.startsWith('.')),
  };
}

/** Every trace has its event, and every event that names a trace finds it: anything else, in words. */
export async function mismatches(
  journal: string,
  folder: string = join(dirname(journal), 'traces'),
): Promise<string[]> {
  const found: string[] = [];
  const named = new Set<string>();
  for await (const line of readJournal(journal)) {
    if (line.recordType !== 'event' || line.event.trace_path === undefined) continue;
    const { trace_path: path, trace_id: id, sequence } = line.event;
    named.add(basename(path));
    if (!existsSync(path)) found.push(`event ${sequence} names ${basename(path)}, which is not there`);
    else if (readTraceFile(path)['trace_id'] !== id) found.push(`event ${sequence} names another trace`);
  }
  for (const name of tracesIn(folder).traces) if (!named.has(name)) found.push(`${name} has no event`);
  return found;
}
