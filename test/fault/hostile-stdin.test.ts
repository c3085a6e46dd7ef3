/** NDJSON that somebody, or a broken pipe, has spoilt: what `append --stdin` makes of it, line by line. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseExactJson, readJournal, startSession, verify, type Receipt, type SessionEvent } from '../../src/index.js';
import { gait } from '../cli/gait.js';
import { IDS, newFolder, QUICK } from '../support/journal-fixtures.js';
import { tell, times } from '../support/long-form.js';
import { mutate } from '../support/mutations.js';
import { seededRandom, testSeed } from '../support/seeded.js';

const SEED = testSeed();
const ROUNDS = times(75, 900);
const INVALID_INPUT = 6;

const VALID = Array.from({ length: 8 }, (_, number) =>
  JSON.stringify({ tool_name: `tool.${number}`, verdict: 'allow', attributes: { n: number, list: [1, 'two', null] } }),
);

interface InputLine {
  readonly number: number;
  readonly text: string;
}

/** Lines that are not blank, counted as an editor counts them. */
function linesOf(bytes: Buffer): InputLine[] {
  const found: InputLine[] = [];
  let start = 0;
  for (let number = 1; start <= bytes.length; number += 1) {
    const end = bytes.indexOf(0x0a, start);
    const text = bytes.subarray(start, end === -1 ? bytes.length : end).toString('utf8');
    if (text.trim() !== '') found.push({ number, text });
    if (end === -1) break;
    start = end + 1;
  }
  return found;
}

/** In pieces that know nothing of lines. */
function pieces(bytes: Buffer, random: () => number): Buffer[] {
  const found: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + 1 + Math.floor(random() * 400);
    found.push(bytes.subarray(start, end));
    start = end;
  }
  return found;
}

async function eventsIn(path: string): Promise<SessionEvent[]> {
  const found: SessionEvent[] = [];
  for await (const line of readJournal(path)) if (line.recordType === 'event') found.push(line.event);
  return found;
}

/** An event is there as its line has it, whole; what is too long for a line lies in a payload. */
function expectEqual(event: SessionEvent | undefined, { text }: InputLine, when: string): void {
  const given = parseExactJson(text) as Pick<SessionEvent, 'tool_name' | 'attributes'>;
  expect(event?.tool_name, when).toBe(given.tool_name.trim());
  if (event?.payload === undefined) expect(event?.attributes ?? {}, when).toEqual(given.attributes ?? {});
}

test(`spoilt input: every line is an event or an error with its number (seed ${SEED}, ${ROUNDS} inputs)`, async () => {
  const random = seededRandom(SEED);
  const original = Buffer.from(`${VALID.join('\n')}\n`);
  const counts = { whole: 0, stopped: 0, events: 0, 'lines left out': 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const path = join(newFolder(), 's1.jsonl');
    await startSession(path, IDS, QUICK);
    const { name, bytes } = mutate(original, round, random);
    const isSkipping = random() < 0.4;
    const when = `${name}, round ${round}${isSkipping ? ', skipping' : ''}`;
    const flags = ['--durability', 'buffered', '--json', ...(isSkipping ? ['--skip-invalid'] : [])];
    const args = ['run', 'session', 'append', '--journal', path, '--stdin', ...flags];
    const { code, objects, stderr } = await gait(args, { stdin: pieces(bytes, random) });
    const last = objects.at(-1) ?? {};
    const receipts = objects.slice(0, -1) as unknown as Receipt[];
    const lines = linesOf(bytes);
    const events = await eventsIn(path);
    // Acknowledged is what is there, in the order of the input, and nothing else.
    expect([when, events.map(({ sequence }) => sequence)]).toEqual([when, receipts.map(({ sequence }) => sequence)]);
    expect([when, last['appended']]).toEqual([when, events.length]);
    counts.events += events.length;
    if (code === 0) {
      const skipped = Number(last['skipped']);
      expect([when, events.length + skipped]).toEqual([when, lines.length]);
      const reported = [...stderr.matchAll(/skipped line (\d+):/g)].map(([, number]) => Number(number));
      expect([when, reported.length]).toEqual([when, Math.min(skipped, 20)]);
      const kept = lines.filter(({ number }) => !reported.includes(number));
      if (skipped <= 20) for (const [at, line] of kept.entries()) expectEqual(events[at], line, when);
      counts['lines left out'] += skipped;
      counts.whole += 1;
    } else {
      expect([when, code, isSkipping]).toEqual([when, INVALID_INPUT, false]);
      const before = lines.filter(({ number }) => number < Number(last['line']));
      expect([when, events.length]).toEqual([when, before.length]);
      for (const [at, line] of before.entries()) expectEqual(events[at], line, when);
      // The line that ended it is one of the input, and not blank.
      expect(
        lines.map(({ number }) => number),
        when,
      ).toContain(last['line']);
      counts.stopped += 1;
    }
    expect([when, (await verify(path)).problems]).toEqual([when, []]);
  }
  tell('hostile standard input', counts);
  expect(Math.min(counts.whole, counts.stopped, counts['lines left out'])).toBeGreaterThan(0);
}, 600_000);
