/** The events that are appended: calls of a real agent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventInput } from '../src/index.js';
import { repositoryRoot } from './paths.js';

export function readRealEvents(): EventInput[] {
  const path = join(repositoryRoot, 'test', 'vectors', 'real-events', 'codex-gpt-5-2.ndjson');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as EventInput);
}

/** A short call, `cd /repo && ls`: small lines leave the engine the least to hide behind. */
export function readSampleEvent(): EventInput {
  const [event] = readRealEvents();
  if (event === undefined) throw new Error('there are no real events');
  return event;
}
