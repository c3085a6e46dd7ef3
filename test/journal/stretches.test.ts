/**
 * The thread that takes stretches in gets every line of the file once and in order, whoever checked it and however late; and
 * nothing of what was read is taken that does not belong to the lines before it.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { finishLine, LineSplitter, nodeFileSystem, scanNow, type FileSystem } from '../../src/journal/store/index.js';
import { takeStretches, type LineTaker } from '../../src/journal/verify/parallel-scan.js';
import { NOT_KEPT, StretchRing } from '../../src/journal/verify/stretch-ring.js';
import { StretchChecker } from '../../src/journal/verify/stretch.js';
import { HASH_BYTES, leafHash } from '../../src/sign/index.js';
import { IDS, linesOf, newJournal, removeIndex } from '../support/journal-fixtures.js';

const STRETCH_BYTES = 2_000;

let path: string;
let lines: readonly string[];

beforeAll(async () => {
  path = await newJournal(100);
  lines = linesOf(path);
  removeIndex(path);
});

const hashes = (of: readonly string[]): string[] => of.map((line) => leafHash(Buffer.from(line)).toString('hex'));

/** Notes what it is given; reads as a verifier does. */
class Taker implements LineTaker {
  readonly leaves: string[] = [];
  readonly sequences: number[] = [];
  readonly read: (to: number) => void;
  readCount = 0;
  #offset: number;

  constructor(fs: FileSystem, descriptor: number, from: number) {
    this.#offset = from;
    this.read = (to) => {
      this.readCount += 1;
      const splitter = new LineSplitter(
        this.#offset,
        (line, at) => this.line(line, at),
        () => undefined,
      );
      scanNow(fs, descriptor, splitter, to);
      finishLine(fs, descriptor, splitter);
      if (this.#offset < to) throw new RangeError('cut');
    };
  }

  offset(): number {
    return this.#offset;
  }

  event(sequence: number, leaves: Buffer, at: number, sizeBytes: number): void {
    this.leaves.push(leaves.toString('hex', at, at + HASH_BYTES));
    this.sequences.push(sequence);
    this.#offset += sizeBytes + 1;
  }

  line(line: Buffer, byteOffset: number): void {
    if (byteOffset !== this.#offset) throw new Error(`a line at ${byteOffset} in place of ${this.#offset}`);
    this.leaves.push(leafHash(line).toString('hex'));
    this.sequences.push(0);
    this.#offset += line.length + 1;
  }
}

interface Scene {
  readonly fs: FileSystem;
  readonly ring: StretchRing;
  readonly taker: Taker;
  /** Checks a stretch as a worker does, in the file or another version of it. */
  readonly work: (id: number, version?: number) => void;
  readonly take: () => Promise<void>;
}

/** Files of these lines; all but the first line is shared out. */
function scene(
  fileLines: readonly string[],
  lead: number,
  { fs = nodeFileSystem, stretchBytes = STRETCH_BYTES }: { fs?: FileSystem; stretchBytes?: number } = {},
): Scene {
  const from = (fileLines[0] ?? '').length + 1;
  const descriptor = opened(fileLines, 'journal');
  const to = fs.fstat(descriptor).size;
  const ring = new StretchRing(StretchRing.plan({ from, to }, stretchBytes, lead));
  const taker = new Taker(fs, descriptor, from);
  return {
    fs,
    ring,
    taker,
    work: (id, version = descriptor) => {
      new StretchChecker(nodeFileSystem, version, IDS).check(ring.rangeOf(id), ring.slotOf(id));
      ring.publish(id);
    },
    take: () => takeStretches(ring, { fs, descriptor, names: IDS, lead }, taker, () => undefined),
  };
}

function opened(fileLines: readonly string[], name: string): number {
  const file = join(dirname(path), `${name}-${process.hrtime.bigint()}`);
  writeFileSync(file, fileLines.map((line) => `${line}\n`).join(''));
  return nodeFileSystem.open(file, 'read');
}

function claimAll(ring: StretchRing): number[] {
  const ids: number[] = [];
  for (let id = ring.claimFrom(0); id !== undefined; id = ring.claimFrom(0)) ids.push(id);
  return ids;
}

describe('all lines are taken in order', () => {
  it('by a thread that is alone', async () => {
    const { take, taker, ring } = scene(lines, 8);
    await take();
    expect(taker.leaves).toEqual(hashes(lines.slice(1)));
    expect(taker.readCount).toBe(ring.count);
  });

  it('from others that were done before, and the links between them checked already', async () => {
    const { take, taker, ring, work } = scene(lines, 0);
    const ids = claimAll(ring);
    expect(ids).toHaveLength(ring.count);
    for (const id of ids.toReversed()) work(id);
    await take();
    expect(taker.leaves).toEqual(hashes(lines.slice(1)));
    expect(taker.readCount).toBe(0);
    // The first line of each stretch alone has to be held to the line before it.
    const firsts = taker.sequences.filter((sequence) => sequence === 0).length;
    expect(firsts).toBeLessThanOrEqual(ring.count);
    taker.sequences.forEach((sequence, at) => expect([0, at + 1]).toContain(sequence));
  });

  it.each([0, 2])('from one that is slower, with the waiting thread ahead of it or idle (lead %i)', async (lead) => {
    const { take, taker, ring, work } = scene(lines, lead);
    const claimed = lead === 0 ? claimAll(ring) : [3, 4, 9].filter((id) => ring.claim(id));
    let isLate = false;
    setTimeout(() => {
      isLate = true;
      // What was found meanwhile waits in its slot.
      if (lead > 0) for (const id of [5, 6, 7, 8, 10]) expect(ring.isDone(id)).toBe(true);
      claimed.toReversed().forEach((id) => work(id));
    }, 40);
    await take();
    expect(isLate).toBe(true);
    expect(taker.leaves).toEqual(hashes(lines.slice(1)));
  });

  it('from a worker that claims as slots come free, more stretches than there are slots', async () => {
    const many = [...lines, ...Array.from({ length: 120 }, (_, at) => 'x'.repeat(900 + at))];
    const { take, taker, ring, work } = scene(many, 0);
    expect(ring.count).toBeGreaterThan(64);
    const seen: number[] = [];
    const timer = setInterval(() => {
      for (let id = ring.claimFrom(0); id !== undefined; id = ring.claimFrom(0)) {
        seen.push(id);
        work(id);
      }
    }, 1);
    await take().finally(() => clearInterval(timer));
    expect(taker.leaves).toEqual(hashes(many.slice(1)));
    expect(seen).toEqual(Array.from({ length: ring.count }, (_, id) => id));
  });

  it.each<[string, readonly string[], boolean]>([
    ['more lines in a stretch than a slot holds', Array<string>(700).fill('{}'), true],
    ['a line longer than several stretches', ['x'.repeat(5 * STRETCH_BYTES)], false],
    ['a line as long as a stretch', ['x'.repeat(STRETCH_BYTES - 1)], false],
    ['empty lines', ['', '', ''], false],
  ])('with %s', async (_, more, isReadAgain) => {
    for (const at of [1, 30, lines.length]) {
      const changed = lines.toSpliced(at, 0, ...more);
      const { take, taker, ring, work } = scene(changed, 0);
      claimAll(ring).forEach((id) => work(id));
      expect(Array.from({ length: ring.count }, (__, id) => ring.slotOf(id).lines).includes(NOT_KEPT)).toBe(
        isReadAgain,
      );
      await take();
      expect(taker.leaves).toEqual(hashes(changed.slice(1)));
    }
  });
});

it('a stretch of lines that are no events is left to who takes it in, who has to judge each of them', async () => {
  const other = 'x'.repeat(200);
  for (const [count, isReadAgain] of [
    [40, false],
    [90, true],
  ] as const) {
    const changed = lines.toSpliced(1, 0, ...Array<string>(count).fill(other));
    const { take, taker, ring, work } = scene(changed, 0, { stretchBytes: 30_000 });
    claimAll(ring).forEach((id) => work(id));
    expect(ring.slotOf(0).lines === NOT_KEPT).toBe(isReadAgain);
    await take();
    expect(taker.leaves).toEqual(hashes(changed.slice(1)));
  }
});

describe('of a file that changes while it is read', () => {
  /** The lines from `at` on, as another version of the file has them. */
  it.each<[string, (all: readonly string[]) => readonly string[]]>([
    ['a line put in before', (all) => all.toSpliced(3, 0, 'x'.repeat(300))],
    ['a line taken out before', (all) => all.toSpliced(3, 1)],
    ['every line another one of the same length', (all) => all.map((line) => line.replace('"event"', '"tneve"'))],
  ])('nothing is taken from a thread that read it with %s, but what stands there now', async (_, change) => {
    const { take, taker, ring, work } = scene(lines, 0);
    const version = opened(change(lines), 'other');
    claimAll(ring).forEach((id) => work(id, id >= 2 && id < 12 ? version : undefined));
    await take();
    expect(taker.leaves).toEqual(hashes(lines.slice(1)));
    expect(taker.readCount).toBeGreaterThan(0);
  });

  it('no empty line is taken for one that stands elsewhere', async () => {
    const now = ['header', 'a'.repeat(2_500), 'b'.repeat(300), 'c'.repeat(300)];
    const { take, taker, ring, work } = scene(now, 0);
    const version = opened(now.with(1, 'a'.repeat(2_400)).toSpliced(2, 0, ''), 'other');
    claimAll(ring).forEach((id) => work(id, id === 1 ? version : undefined));
    await take();
    expect(taker.leaves).toEqual(hashes(now.slice(1)));
  });

  it('nothing is taken behind the place where it was cut, and no line twice', async () => {
    for (const cut of [6_000, 6_013, 20_000]) {
      let end = Infinity;
      const fs: FileSystem = {
        ...nodeFileSystem,
        read: (descriptor, buffer, offset, length, position) =>
          position >= end
            ? 0
            : nodeFileSystem.read(descriptor, buffer, offset, Math.min(length, end - position), position),
      };
      const { take, taker, ring, work } = scene(lines, 0, { fs });
      claimAll(ring).forEach((id) => work(id));
      end = cut;
      await expect(take()).rejects.toThrow(RangeError);
      const before = hashes(lines.slice(1));
      expect(taker.leaves).toEqual(before.slice(0, taker.leaves.length));
      const length = lines.slice(0, taker.leaves.length + 1).join('\n').length + 1;
      expect(taker.offset()).toBe(length);
    }
  });
});

describe('a ring', () => {
  it('gives every stretch to one thread alone, and no slot before it was given back', () => {
    const ring = new StretchRing(StretchRing.plan({ from: 10, to: 10 + 100 * 700 }, 700, 3));
    const first = claimAll(ring);
    expect(first.length).toBeLessThan(ring.count);
    expect(first).toEqual(first.map((_, at) => at));
    expect(first.some((id) => ring.claim(id) || ring.isDone(id))).toBe(false);
    expect(ring.claim(first.length)).toBe(false);
    ring.publish(0);
    expect(ring.isDone(0)).toBe(true);
    expect(ring.claim(first.length)).toBe(false);
    ring.release(0);
    expect(ring.claim(first.length)).toBe(true);
    expect(ring.isDone(0)).toBe(false);
    expect(ring.isDone(first.length)).toBe(false);
  });

  it('leaves the stretches in front to who takes them out, until nothing else is left', () => {
    const ring = new StretchRing(StretchRing.plan({ from: 10, to: 10 + 100 * 700 }, 700, 3));
    expect(ring.claimAhead()).toBe(3);
    for (let id = 0; id < 95; id += 1) ring.release(id);
    expect(Array.from({ length: 6 }, () => ring.claimAhead())).toEqual([98, 99, 95, 96, 97, undefined]);
  });

  it('gives nothing more once it is stopped', () => {
    const ring = new StretchRing(StretchRing.plan({ from: 10, to: 10 + 100 * 700 }, 700, 3));
    ring.stop();
    expect(ring.claimAhead()).toBeUndefined();
  });

  it('covers the range to its end and no further', () => {
    const ring = new StretchRing(StretchRing.plan({ from: 10, to: 1_500 }, 700, 3));
    expect(Array.from({ length: ring.count }, (_, id) => ring.rangeOf(id))).toEqual([
      { from: 10, to: 710 },
      { from: 710, to: 1_410 },
      { from: 1_410, to: 1_500 },
    ]);
    expect(new StretchRing(StretchRing.plan({ from: 10, to: 5 }, 700, 3)).count).toBe(0);
  });
});
