import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SessionLog } from '../../src/journal/session-log.js';
import { logFacts } from '../../src/journal/log-facts.js';
import { SessionState } from '../../src/journal/session-state.js';
import { SparseOffsets } from '../../src/journal/sparse-offsets.js';
import type { SessionCheckpoint, SessionEvent } from '../../src/journal/types.js';
import type { Problem } from '../../src/journal/verify-types.js';
import { goEventLine, newJournal, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';

type Line = { readonly bytes: Buffer; readonly offset: number };

/** Each with the offset at which it stands. */
function linesAt(texts: readonly (string | Buffer)[]): Line[] {
  let offset = 0;
  return texts.map((text) => {
    const line = { bytes: typeof text === 'string' ? Buffer.from(text) : text, offset };
    offset += line.bytes.length + 1;
    return line;
  });
}

/** Lines of every kind, most of them the ordinary one, over several seconds. */
async function mixedJournal(): Promise<string[]> {
  const path = await newJournal();
  let nowMs = Date.UTC(2026, 1, 1);
  const options = { ...QUICK, clock: () => (nowMs += 377) };
  await withJournal(
    path,
    async (journal) => {
      for (let number = 1; number <= 90; number += 1) {
        const text = number % 7 === 0 ? { attributes: { text: 'größer \u2028 "so"' } } : {};
        const key = number % 11 === 0 ? { idempotency_key: `key-${number}` } : {};
        await journal.append(toolCall(number, { ...text, ...key }));
        if (number % 40 === 0) await journal.checkpoint();
      }
    },
    options,
  );
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

function taken(lines: readonly Line[]): { readonly state: SessionState; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const state = new SessionState((problem) => problems.push(problem));
  for (const { bytes, offset } of lines) state.add(bytes, offset);
  return { state, problems };
}

/** The same, each line parsed and looked at as a whole. */
function expected(lines: readonly Line[]): { log: SessionLog; offsets: SparseOffsets; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const log = new SessionLog((problem) => problems.push(problem));
  const offsets = new SparseOffsets();
  for (const { bytes, offset } of lines) {
    const record = log.add(bytes, offset);
    if (record?.recordType === 'event') offsets.note(record.event.sequence, offset, record.event.created_at);
    if (record?.recordType === 'checkpoint') offsets.noteTime(record.checkpoint.created_at);
  }
  return { log, offsets, problems };
}

function expectSame(texts: readonly (string | Buffer)[]): void {
  const lines = linesAt(texts);
  const { state, problems } = taken(lines);
  const { log, offsets, problems: found } = expected(lines);
  expect(logFacts(state.log)).toStrictEqual(logFacts(log));
  expect(state.log.head).toStrictEqual(log.head);
  expect(state.log.frontier.root()).toStrictEqual(log.frontier.root());
  expect(state.offsets.toTable()).toStrictEqual(offsets.toTable());
  expect(problems).toStrictEqual(found);
}

test('however a line is looked at, the log, the offsets and their times come out the same', async () => {
  expectSame(await mixedJournal());
});

test('and so do the problems, with a line changed, doubled, missing or of another kind in any place', async () => {
  const lines = await mixedJournal();
  for (const at of [20, 21, 40, 41, 60, 77, 89, lines.length - 1]) {
    const [before, line, after] = [lines.slice(0, at), lines[at] ?? '', lines.slice(at + 1)];
    const instead = [
      [line.replace('allow', 'block')],
      [line, line],
      [],
      [line, goEventLine(at)],
      ['{"record_type":"event"}'],
      [line.replace(/"created_at":"[^"]*"/, '"created_at":"then"')],
      [line.replace(/"created_at":"2/, String.raw`"created_at":"\u0032`)],
      [line.replace(/"created_at":"/, String.raw`"created_at":"\"`)],
      // No UTF-8.
      [Buffer.from(line.replace('allow', 'all\u00ff'), 'latin1')],
      [line.replace(/"sequence":(\d+)/, '"sequence":1$1')],
    ];
    for (const those of instead) expectSame([...before, ...those, ...after]);
  }
});

test('keys are remembered however late they come', async () => {
  const lines = linesAt(await mixedJournal());
  const { state } = taken(lines);
  const keyed = lines.flatMap(({ bytes }, leafIndex) => {
    const { event } = JSON.parse(bytes.toString()) as { event?: SessionEvent; checkpoint?: SessionCheckpoint };
    return typeof event?.idempotency_key === 'string' ? [{ event, leafIndex }] : [];
  });
  expect(keyed).toHaveLength(8);
  for (const { event, leafIndex } of keyed) {
    expect(state.recentKeys.find(String(event.idempotency_key))).toMatchObject({ sequence: event.sequence, leafIndex });
  }
});
