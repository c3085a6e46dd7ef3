/** A journal checked on several threads gets the report that a single pass gives, whatever is wrong with it and where. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { VerifyReport } from '../../src/index.js';
import { goEventLine, linesOf, newJournal, removeIndex, toolCall, withJournal } from '../support/journal-fixtures.js';
import { repositoryRoot } from '../support/paths.js';
import { KEY } from '../support/sealed-session.js';

/** Shared with threads, which take longer to start than all of the work here, and left to them alone. */
const WAYS = [
  { stretchBytes: 700, lead: 2 },
  { stretchBytes: 700, lead: 0 },
  { stretchBytes: 20_000, lead: 0 },
];
const MARGIN_BYTES = 2_000;
/** Longer than any stretch here, and than any line that is read. */
const LONG = 50_000;
const TOO_LONG = 9 * 1024 * 1024;

let path: string;
let lines: readonly string[];
let notes: string[];

beforeAll(async () => {
  path = await newJournal(0);
  notes = [];
  await withJournal(path, async (journal) => {
    for (let round = 0; round < 4; round += 1) {
      await journal.appendAll(
        Array.from({ length: 40 }, (_, i) => toolCall(i, { attributes: { round, text: 'x'.repeat(i) } })),
      );
      await journal.append(toolCall(round), { payload: { content: Buffer.from('payload') } });
      notes.push((await journal.checkpoint({ key: KEY })).note ?? '');
    }
    await journal.complete({ key: KEY });
  });
  lines = linesOf(path);
  removeIndex(path);
});

interface BothWays {
  readonly parallel: VerifyReport;
  readonly single: VerifyReport;
  readonly threads: number;
  /** Threads that were still there when it was done. */
  readonly left: number;
  readonly steps: number;
  /** Offset that was reached when the threads were ended; 0 when they were not. */
  readonly killedAt: number;
}

/** At which step the caller stops it, or from which offset on its threads die. */
interface Harm {
  readonly abort?: number;
  readonly kill?: number;
}

/** Verifies the bytes in both ways, shared out in every way. */
async function bothWays(bytes: string | Buffer, since?: string, harm?: Harm): Promise<BothWays[]> {
  // Beside the original, so that both have the same payloads: the sidecar goes by the journal's name.
  writeFileSync(path, bytes);
  const options = { publicKeys: [KEY.publicKey.toString('base64')], ...(since === undefined ? {} : { since }) };
  const runs = WAYS.map((way) => ({
    path,
    options,
    limits: { fromBytes: 0, marginBytes: MARGIN_BYTES, ...way },
    harm,
  }));
  const script = join(repositoryRoot, 'test', 'journal', 'workers', 'verify-both-ways.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(runs)], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as BothWays);
}

const textOf = (changed: readonly string[]): string => changed.map((line) => `${line}\n`).join('');

async function expectSame(bytes: string | Buffer, since?: string): Promise<VerifyReport> {
  const results = await bothWays(bytes, since);
  for (const { parallel, single } of results) expect(parallel).toEqual(single);
  expect(results).toHaveLength(WAYS.length);
  return (results[0] as BothWays).single;
}

const manyCores = availableParallelism() > 1;
if (!manyCores) console.log('one core: verify starts no threads here, so they are not compared with the single pass');

describe.runIf(manyCores)('a journal checked in stretches', () => {
  it('is checked by threads indeed, stretch after stretch', async () => {
    const bytes = textOf(lines);
    for (const [at, { threads, left, steps, parallel }] of (await bothWays(bytes)).entries()) {
      expect(threads).toBeGreaterThan(0);
      expect(left).toBe(0);
      const stretches = Math.floor((bytes.length - 3 * MARGIN_BYTES) / (WAYS[at]?.stretchBytes ?? 1));
      expect(steps).toBeGreaterThanOrEqual(stretches);
      expect(parallel).toMatchObject({
        ok: true,
        coverage: { lines: lines.length, signed_to_sequence: 165, closed: true },
      });
    }
  });

  it('gets the same report when it is sound', async () => {
    expect((await expectSame(textOf(lines))).ok).toBe(true);
  });

  it('gets the same report with a line changed, for lines all over it', async () => {
    for (let line = 2; line < lines.length; line += 43) {
      const changed = lines.with(
        line - 1,
        (lines[line - 1] ?? '').replace('"verdict":"allow"', '"verdict":"block"').replace('run_1', 'run_2'),
      );
      expect((await expectSame(textOf(changed))).ok).toBe(false);
    }
  });

  it.each<[string, (lines: readonly string[]) => readonly string[]]>([
    ['bad JSON', (all) => all.with(60, '{not json').with(61, '{nor this')],
    ['a line deleted', (all) => all.toSpliced(80, 1)],
    ['a line doubled', (all) => all.toSpliced(80, 0, all[80] ?? '')],
    ['two lines swapped', (all) => all.with(80, all[81] ?? '').with(81, all[80] ?? '')],
    ['a second header', (all) => all.toSpliced(90, 0, all[0] ?? '')],
    ['no header', (all) => all.slice(1)],
    ['an empty line', (all) => all.toSpliced(70, 0, '')],
    ['more lines than a slot has room for', (all) => all.toSpliced(70, 0, ...Array<string>(1_000).fill(''))],
    ['a link in the middle broken', (all) => all.with(100, (all[100] ?? '').replace(/"prev":"../, '"prev":"zz'))],
    [
      'lines of the Go tool',
      (all) => [...all.slice(0, 30), ...Array.from({ length: 60 }, (_, i) => goEventLine(30 + i)), ...all.slice(30)],
    ],
    [
      'a line longer than a stretch',
      (all) => all.toSpliced(70, 0, goEventLine(70).replace('go\\u003ctool', 'x'.repeat(LONG))),
    ],
    ['an event after the close', (all) => [...all, ...all.slice(1, 40)]],
    ['every line damaged', (all) => all.map((line) => line.replace('"', "'"))],
  ])('gets the same report with %s', async (_, change) => {
    const changed = change(lines);
    expect(changed).not.toEqual(lines);
    expect((await expectSame(textOf(changed))).problem_count).toBeGreaterThan(0);
  });

  it('gets the same report with a line that is too long to be read, wherever the threads have to give up', async () => {
    for (const at of [20, 100, 160]) {
      const report = await expectSame(textOf(lines.toSpliced(at, 0, 'x'.repeat(TOO_LONG))));
      expect(report.problems).toContainEqual(expect.objectContaining({ kind: 'line_too_long', line: at + 1 }));
    }
  });

  it('gets the same report with bytes that are no UTF-8, in one line and in a whole stretch', async () => {
    for (const [first, last] of [
      [70, 70],
      [60, 110],
    ] as const) {
      const changed = lines.map((line, at) =>
        Buffer.from(
          `${at < first || at > last ? line : line.replace('"verdict":"allow"', '"verdict":"\u00ff"')}\n`,
          'latin1',
        ),
      );
      expect((await expectSame(Buffer.concat(changed))).problem_count).toBeGreaterThan(0);
    }
  });

  it('gets the same report when threads die, at the start or in the middle', async () => {
    for (const kill of [1, 5_000, 30_000]) {
      const results = await bothWays(textOf(lines), undefined, { kill });
      for (const { parallel, single, left } of results) {
        expect(parallel).toEqual(single);
        expect(parallel.ok).toBe(true);
        expect(left).toBe(0);
      }
      // Where the rest is more than the slots hold, nothing but the single pass can have checked it.
      expect(results[1]?.killedAt).toBeGreaterThanOrEqual(kill);
      expect(results[1]?.killedAt).toBeLessThan(kill + 3_000);
    }
  });

  it('is stopped by its caller at any step, and leaves no thread behind', async () => {
    for (const abort of [1, 2, 10, 60]) {
      for (const { parallel, left, steps } of await bothWays(textOf(lines), undefined, { abort })) {
        expect(steps < abort || (parallel as unknown) === 'AbortError').toBe(true);
        expect(left).toBe(0);
      }
    }
  });

  it('gets the same report with its end torn, in the middle and at the edges of the last stretch', async () => {
    const bytes = Buffer.from(textOf(lines));
    for (const cut of [1, 40, MARGIN_BYTES - 1, MARGIN_BYTES, MARGIN_BYTES + 1, 9_000]) {
      await expectSame(bytes.subarray(0, bytes.length - cut));
    }
  });

  it('gets the same report against a head that was held, kept or lost', async () => {
    for (const note of notes) {
      expect((await expectSame(textOf(lines), note)).ok).toBe(true);
      expect((await expectSame(textOf(lines.slice(0, 40)), note)).problems).toMatchObject([{ kind: 'truncated' }]);
    }
    const receipt = JSON.stringify({ session_id: 's1', leaf_index: 100, leaf_hash: '0'.repeat(64) });
    expect((await expectSame(textOf(lines), receipt)).problems).toMatchObject([{ kind: 'anchor_mismatch', line: 101 }]);
  });
});
