/** Journals whose events have payloads, and where those lie. */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { PayloadRef, SessionEvent } from '../../src/index.js';
import { linesOf, newJournal, toolCall, withJournal } from './journal-fixtures.js';

export const CONTENT: Buffer = Buffer.from('what the tool was told, at length');

export const eventsIn = (path: string): SessionEvent[] =>
  linesOf(path).flatMap((line) => (JSON.parse(line) as { event?: SessionEvent }).event ?? []);

/** Payload files of a journal, temporary ones included. */
export const payloadFiles = (path: string): string[] => {
  const names = readdirSync(dirname(path), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.startsWith(`${basename(path)}.gait/payloads/`))
    .filter((name) => !/\/[0-9a-f]{2}$/.test(name));
};

export const fileOf = (path: string, { sha256 }: PayloadRef): string =>
  join(`${path}.gait`, 'payloads', sha256.slice(0, 2), sha256);

/** A journal with one event, and its payload. */
export async function journalWithPayload(
  content: Uint8Array = CONTENT,
): Promise<{ path: string; payload: PayloadRef }> {
  const path = await newJournal();
  await withJournal(path, (journal) => journal.append(toolCall(1), { payload: { content } }));
  const payload = eventsIn(path)[0]?.payload;
  if (payload === undefined) throw new Error('the event names no payload');
  return { path, payload };
}
