/**
 * Every bit of a sealed journal, flipped. To verify each flip alone would take half an hour, so each pass flips one bit in
 * many lines, at least three apart: far enough that a broken link accuses its own line. Flips that make or destroy a line
 * feed move the lines behind them, and are tried alone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyJournal, type Problem, type VerifyOptions } from '../../src/index.js';
import { KEY, sealedSession, STRICT, type SealedSession } from '../support/sealed-session.js';

const EVENTS = 200;
const LF = 0x0a;
const BITS = [0, 1, 2, 3, 4, 5, 6, 7] as const;
/** Of a machine with other work to do; it takes less than a minute on a quiet one. */
const TIMEOUT_MS = 900_000;

let session: SealedSession;
let whole: Buffer;
/** Offset of each line's first byte, and of the end. */
let starts: number[];

beforeAll(async () => {
  session = await sealedSession(EVENTS);
  whole = readFileSync(session.journal);
  starts = [0];
  for (let at = 0; at < whole.length; at += 1) if (whole[at] === LF) starts.push(at + 1);
});

interface Flip {
  /** 1-based. */
  readonly line: number;
  readonly at: number;
  readonly bit: number;
}

/** All flips of some lines, or only those of every `step`th byte. */
function flipsOf(lines: readonly number[], step = 1): Flip[] {
  return lines.flatMap((line) => {
    const [start = 0, end = 0] = [starts[line - 1], starts[line]];
    const places = Array.from({ length: Math.ceil((end - start) / step) }, (_, index) => start + index * step);
    return places.flatMap((at) => BITS.map((bit) => ({ line, at, bit })));
  });
}

const movesLines = ({ at, bit }: Flip): boolean =>
  whole.readUInt8(at) === LF || (whole.readUInt8(at) ^ (1 << bit)) === LF;

/** Lines that must be whole for a flip in this one to be told: without a header, nobody's signature can be checked. */
function linesNear(line: number): readonly number[] {
  const last = starts.length - 1;
  return [line - 2, line - 1, line + 1, line + 2, ...(line === 1 ? [last] : []), ...(line === last ? [1] : [])];
}

/** Puts the flips into as few passes as it can: always the lines with most left to do, none near another. */
function passesOf(flips: readonly Flip[]): Flip[][] {
  const passes = flips.filter(movesLines).map((flip) => [flip]);
  const queues = new Map<number, Flip[]>();
  for (const flip of flips.filter((each) => !movesLines(each))) {
    const queue = queues.get(flip.line) ?? [];
    queue.push(flip);
    queues.set(flip.line, queue);
  }
  while (queues.size > 0) {
    const pass: Flip[] = [];
    const taken = new Set<number>();
    for (const [line, queue] of [...queues].toSorted(([, a], [, b]) => b.length - a.length)) {
      if (linesNear(line).some((near) => taken.has(near))) continue;
      const flip = queue.pop();
      if (flip !== undefined) pass.push(flip);
      taken.add(line);
      if (queue.length === 0) queues.delete(line);
    }
    passes.push(pass);
  }
  return passes;
}

const LINK_KINDS = new Set(['prev_mismatch', 'bad_json', 'bad_record']);

/** What is wrong with the answer to these flips, if anything. */
function whyNotFound(flips: readonly Flip[], problems: readonly Problem[]): string | undefined {
  const named = new Set(problems.map(({ line }) => line));
  const missed = flips.find(({ line }) => !named.has(line));
  if (missed !== undefined) return `byte ${missed.at}, bit ${missed.bit} of line ${missed.line} was not found`;
  const flipped = new Set(flips.map(({ line }) => line));
  const [first] = flips;
  // A line feed that was made inside a line makes two bad lines of it.
  const isCut = first !== undefined && (whole.readUInt8(first.at) ^ (1 << first.bit)) === LF;
  if (isCut) flipped.add(first.line + 1);
  const wronged = problems.find(({ kind, line }) => LINK_KINDS.has(kind) && !flipped.has(line));
  if (wronged === undefined) return undefined;
  return `${wronged.kind} accuses line ${wronged.line} for byte ${first?.at}, bit ${first?.bit} of line ${first?.line}`;
}

/** Verifies with these flips made. */
async function problemsWith(flips: readonly Flip[], options: VerifyOptions): Promise<readonly Problem[]> {
  const bytes = Buffer.from(whole);
  for (const { at, bit } of flips) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
  writeFileSync(session.journal, bytes);
  const { ok, problems, problem_count: count } = await verifyJournal(session.journal, options);
  expect([ok, problems.length]).toEqual([count === 0, count]);
  return problems;
}

/** What was not found, or found in the wrong line, among these flips. */
async function faultsOf(flips: readonly Flip[], options: VerifyOptions): Promise<string[]> {
  const faults: string[] = [];
  let tried = 0;
  for (const pass of passesOf(flips)) {
    const fault = whyNotFound(pass, await problemsWith(pass, options));
    if (fault !== undefined) faults.push(fault);
    tried += pass.length;
  }
  // None was left out.
  expect(tried).toBe(flips.length);
  return faults;
}

describe('one flipped bit in a sealed, signed and closed journal', () => {
  it(
    'is found wherever it is, and the line that holds it is named: all lines, all bytes, all bits',
    async () => {
      expect(await verifyJournal(session.journal, STRICT)).toMatchObject({ ok: true, coverage: { events: EVENTS } });
      const flips = flipsOf(starts.slice(1).map((_, index) => index + 1));
      expect(flips).toHaveLength(8 * whole.length);
      expect(await faultsOf(flips, { publicKeys: [KEY.publicKey] })).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'is found without the key in every line but the last',
    async () => {
      const flips = flipsOf(
        starts.slice(2).map((_, index) => index + 1),
        23,
      );
      expect(await faultsOf(flips, {})).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it('of the last line, without the key, goes unnoticed in the signatures alone', async () => {
    const last = starts.length - 1;
    const start = starts[last - 1] ?? 0;
    const text = whole.toString('latin1', start);
    const unnoticed = new Set<string>();
    for (const flip of flipsOf([last], 7)) {
      if ((await problemsWith([flip], {})).length === 0) unnoticed.add(partAt(text, flip.at - start));
    }
    expect([...unnoticed].toSorted()).toEqual(['signature block', 'signature of the note']);
  });
});

/** Which part of a checkpoint line, in Latin-1, a place lies in. */
function partAt(text: string, at: number): string {
  const block = text.indexOf('"signature":{');
  const note = text.indexOf('\\n\\n', text.indexOf('"note":'));
  if (at > block && at < text.indexOf('}', block)) return 'signature block';
  return at > note && at < text.indexOf('"prev":', note) ? 'signature of the note' : 'elsewhere';
}
