/** Any change to a journal's bytes is found, and the line that was changed is named. */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { readStatus, verifyJournal, type SessionEvent, type VerifyReport } from '../../src/index.js';
import {
  caught,
  goEventLine,
  linesOf,
  newJournal,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';

const EVENTS = 10;
let path: string;
let lines: string[];

beforeAll(async () => {
  path = await newJournal(EVENTS);
  removeIndex(path);
  lines = linesOf(path);
});

async function verifyLines(changed: readonly string[]): Promise<VerifyReport> {
  writeFileSync(path, changed.map((line) => `${line}\n`).join(''));
  return verifyJournal(path);
}

const placesOf = (report: VerifyReport): number[] => report.problems.map(({ line }) => line);
const linkPlacesOf = (report: VerifyReport): number[] =>
  report.problems.filter(({ kind }) => kind === 'prev_mismatch').map(({ line }) => line);

/** Verifies with each bit of the bytes from `start` to `end` flipped in turn, in place. */
async function flipEach(
  start: number,
  end: number,
  check: (report: VerifyReport, flipped: Buffer, where: string) => void,
): Promise<void> {
  const whole = readFileSync(path);
  const descriptor = openSync(path, 'r+');
  try {
    for (let at = start; at < end; at += 1) {
      const original = whole.readUInt8(at);
      for (let bit = 0; bit < 8; bit += 1) {
        whole.writeUInt8(original ^ (1 << bit), at);
        writeSync(descriptor, whole, at, 1, at);
        check(await verifyJournal(path), whole, `byte ${at}, bit ${bit}`);
      }
      whole.writeUInt8(original, at);
      writeSync(descriptor, whole, at, 1, at);
    }
  } finally {
    closeSync(descriptor);
  }
}

const startOf = (line: number): number => Buffer.byteLength(lines.slice(0, line - 1).join('\n')) + (line > 1 ? 1 : 0);

describe('one flipped bit', () => {
  it.each(Array.from({ length: EVENTS }, (_, i) => i + 1))(
    'in line %i is found wherever it is, line feed included, and that line is named',
    async (line) => {
      await verifyLines(lines);
      await flipEach(startOf(line), startOf(line + 1), (report, _, where) => {
        expect(report.ok, where).toBe(false);
        expect(placesOf(report), where).toContain(line);
        // Nobody else is accused by a link: identity and numbering may have more to say of the lines behind.
        expect(
          linkPlacesOf(report).every((accused) => accused === line),
          where,
        ).toBe(true);
      });
    },
  );

  it('in the last line, which nothing covers yet, may go unnoticed only where the line stays a good successor', async () => {
    await verifyLines(lines);
    const last = EVENTS + 1;
    const original = JSON.parse(lines[EVENTS] ?? '') as { event: SessionEvent };
    let unnoticed = 0;
    await flipEach(startOf(last), startOf(last + 1), (report, flipped, where) => {
      const isGood = isGoodSuccessor(flipped.subarray(startOf(last)), original.event);
      expect(report.ok, where).toBe(isGood);
      unnoticed += isGood ? 1 : 0;
      // A link broken at the end cannot tell which of its two lines was changed: the one before stands for both.
      expect(
        placesOf(report).every((line) => line === last || line === last - 1),
        where,
      ).toBe(true);
    });
    expect(unnoticed).toBeGreaterThan(0);
  });
});

/** Worked out without the engine: one whole line, the right link (or none), type, identity and number, no key twice. */
function isGoodSuccessor(bytes: Buffer, original: SessionEvent): boolean {
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes) || text.indexOf('\n') !== bytes.length - 1) return false;
  let line: Record<string, unknown>;
  try {
    line = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return false;
  }
  const { record_type: type, prev = linkOf(lines[EVENTS] ?? '') } = line;
  const event = line['event'] as Partial<SessionEvent> | undefined;
  return (
    type === 'event' &&
    prev === linkOf(lines[EVENTS] ?? '') &&
    event?.sequence === original.sequence &&
    event.session_id === original.session_id &&
    event.run_id === original.run_id &&
    typeof event.created_at === 'string'
  );
}

const linkOf = (line: string): unknown => (JSON.parse(line) as { prev?: unknown }).prev;

describe('a line that is', () => {
  const inner = Array.from({ length: EVENTS - 1 }, (_, i) => i + 2);

  it.each(inner)('deleted (line %i) is missed at its place', async (line) => {
    const report = await verifyLines(lines.toSpliced(line - 1, 1));
    expect(report.problems).toContainEqual(
      expect.objectContaining({ kind: 'sequence_mismatch', line, expected: String(line - 1), found: String(line) }),
    );
    expect(linkPlacesOf(report)).toEqual([line - 1]);
  });

  it.each(inner)('doubled (line %i) is found where it stands for the second time', async (line) => {
    const report = await verifyLines(lines.toSpliced(line, 0, lines[line - 1] ?? ''));
    expect(report.problems).toContainEqual(expect.objectContaining({ kind: 'sequence_mismatch', line: line + 1 }));
    expect(linkPlacesOf(report)).not.toEqual([]);
  });

  it.each(inner.slice(0, -1))('swapped with the next (line %i) is found at both places', async (line) => {
    const report = await verifyLines(lines.with(line - 1, lines[line] ?? '').with(line, lines[line - 1] ?? ''));
    expect(placesOf(report)).toEqual(expect.arrayContaining([line, line + 1]));
  });

  it.each(inner)('inserted (before line %i), with the number that belongs there, is found', async (line) => {
    const report = await verifyLines(lines.toSpliced(line - 1, 0, goEventLine(line - 1)));
    expect(report.ok).toBe(false);
    expect(Math.min(...placesOf(report))).toBeLessThanOrEqual(line + 1);
    expect(Math.min(...placesOf(report))).toBeGreaterThanOrEqual(line);
  });

  it('the header, deleted, doubled or moved, is found', async () => {
    expect((await verifyLines(lines.slice(1))).problems[0]).toMatchObject({ kind: 'missing_header', line: 1 });
    const doubled = await verifyLines([lines[0] ?? '', ...lines]);
    expect(doubled.problems).toContainEqual(expect.objectContaining({ kind: 'duplicate_header', line: 2 }));
    const moved = await verifyLines([lines[1] ?? '', lines[0] ?? '', ...lines.slice(2)]);
    expect(placesOf(moved)).toEqual(expect.arrayContaining([1, 2]));
  });

  it('the last, deleted, is missed by whoever knew it: the index, not the file alone', async () => {
    expect((await verifyLines(lines.slice(0, -1))).ok).toBe(true);
    const indexed = await newJournal(3);
    writeFileSync(indexed, `${linesOf(indexed).slice(0, -1).join('\n')}\n`);
    expect((await verifyJournal(indexed)).problems).toMatchObject([{ kind: 'truncated', line: 4, found: '3 lines' }]);
  });
});

describe('a report', () => {
  it('names every problem, not the first one, in the order of the file', async () => {
    const changed = lines
      .with(2, (lines[2] ?? '').replace('tool.2', 'tool.X'))
      .with(5, '{not json')
      .with(8, (lines[8] ?? '').replace('"run_1"', '"run_2"'));
    const report = await verifyLines(changed);
    expect([...new Set(placesOf(report))]).toEqual([3, 6, 9]);
    expect(report.problem_count).toBe(report.problems.length);
    expect(report).toMatchObject({ ok: false, verdict: 'invalid' });
  });

  it('gives each problem its byte offset and, where it is known, its sequence', async () => {
    const report = await verifyLines(lines.with(4, (lines[4] ?? '').replace('tool.4', 'tool.X')));
    expect(report.problems).toMatchObject([{ kind: 'prev_mismatch', line: 5, byte_offset: startOf(5), sequence: 4 }]);
  });

  it('counts what it cannot list: 1,000 problems are spelled out', async () => {
    const report = await verifyLines([lines[0] ?? '', ...Array.from({ length: 1_200 }, () => 'x')]);
    expect(report.problem_count).toBe(1_200);
    expect(report.problems).toHaveLength(1_000);
  });

  it('says of a sound journal what it covers, and changes nothing', async () => {
    const report = await verifyLines(lines);
    const before = readFileSync(path);
    expect(report).toMatchObject({
      ok: true,
      verdict: 'valid',
      session_id: 's1',
      run_id: 'run_1',
      problem_count: 0,
      coverage: { lines: EVENTS + 1, events: EVENTS, first_sequence: 1, last_sequence: EVENTS, unlinked_lines: 0 },
    });
    expect(report.coverage).toMatchObject({ unsigned_events: EVENTS, uncheckpointed_events: EVENTS });
    const { root_hash, head } = await readStatus(path);
    expect(report.coverage).toMatchObject({ root_hash, head });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('does not call a line sound that two readers may read in two ways', async () => {
    const journal = await newJournal(1);
    await withJournal(journal, (handle) => handle.append(toolCall(2, { attributes: { amount: 1 } })));
    removeIndex(journal);
    for (const [from, to] of [
      ['{"amount":1}', '{"amount":1,"amount":2}'],
      ['{"amount":1}', '{"amount":9007199254740993}'],
      ['{"amount":1}', '{"__proto__":1}'],
    ] as const) {
      const own = linesOf(journal);
      writeFileSync(`${journal}.x`, `${own.join('\n').replace(from, to)}\n`);
      expect((await verifyJournal(`${journal}.x`)).problems).toMatchObject([{ kind: 'bad_json', line: 3 }]);
    }
  });

  it('says that lines of the Go tool are not linked, as a warning', async () => {
    const report = await verifyLines([...lines, goEventLine(EVENTS + 1)]);
    expect(report.ok).toBe(true);
    expect(report.coverage.unlinked_lines).toBe(1);
    expect(report.warnings).toContainEqual(expect.objectContaining({ kind: 'unlinked_line' }));
  });

  it('shows how far it is, up to the end', async () => {
    const journal = await newJournal(2_000);
    const steps: number[] = [];
    const { coverage } = await verifyJournal(journal, { onProgress: ({ bytes }) => steps.push(bytes) });
    expect(steps.at(-1)).toBe(readFileSync(journal).length);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(coverage.events).toBe(2_000);
  });

  it('is not finished once its signal aborts', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const onProgress = (): void => {
      controller.abort(reason);
      // Past the time that a scan may keep the event loop to itself, after which it looks at its signal.
      const end = performance.now() + 20;
      while (performance.now() < end);
    };
    await expect(verifyJournal(path, { signal: controller.signal, onProgress })).rejects.toBe(reason);
  });

  it('is refused for a journal that is not there, and for an option that is not known', async () => {
    expect((await caught(verifyJournal(`${path}.none`))).code).toBe('JOURNAL_NOT_FOUND');
    expect((await caught(verifyJournal(path, { profil: 'strict' } as never))).code).toBe('INVALID_ARGUMENT');
  });
});

it('stops before it reads anything when the signal is aborted already', async () => {
  const journal = await newJournal(3);
  const reason = new Error('enough');
  await expect(verifyJournal(journal, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
