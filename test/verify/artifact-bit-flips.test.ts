/** Bits flipped in what a session hands out: runpack, chain and note are refused, byte by byte. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { isGaitError, verify } from '../../src/index.js';
import { KEY, sealedSession, type SealedSession } from '../support/sealed-session.js';

const OPTIONS = { publicKeys: [KEY.publicKey] };

let session: SealedSession;

beforeAll(async () => {
  session = await sealedSession(20);
});

/** True when a verifier who holds the key accepts what is at the path. */
async function isAccepted(path: string): Promise<boolean> {
  try {
    return (await verify(path, OPTIONS)).ok;
  } catch (error) {
    if (isGaitError(error)) return false;
    throw error;
  }
}

/** Offsets of the flips that are not noticed. @param bitsOf which bits of a byte to flip, each alone */
async function unnoticed(path: string, bitsOf: (at: number) => readonly number[]): Promise<number[]> {
  const whole = readFileSync(path);
  expect(await isAccepted(path)).toBe(true);
  const found: number[] = [];
  try {
    for (let at = 0; at < whole.length; at += 1) {
      for (const bit of bitsOf(at)) {
        const changed = Buffer.from(whole);
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << bit), at);
        writeFileSync(path, changed);
        if (await isAccepted(path)) found.push(at);
      }
    }
  } finally {
    writeFileSync(path, whole);
  }
  return found;
}

const everyBit = (): readonly number[] => [0, 1, 2, 3, 4, 5, 6, 7];
/** A different one from byte to byte. */
const oneBit = (at: number): readonly number[] => [at % 8];

/**
 * Times, attributes, versions and disks, none of which a pack means anything by, and what a zip file repeats of sizes and
 * checksums behind the content: the central directory's copies, which are checked, and the manifest's digests decide.
 */
const MEANINGLESS = [
  'descriptor: compressed size',
  'descriptor: crc',
  'descriptor: signature',
  'descriptor: size',
  'directory: date',
  'directory: disk',
  'directory: external attributes',
  'directory: internal attributes',
  'directory: time',
  'directory: version made by',
  'directory: version needed',
  'end: directory disk',
  'end: directory size',
  'end: entries here',
  'header: date',
  'header: time',
  'header: version needed',
];

describe('one flipped bit', () => {
  it('in a note is found wherever it is', async () => {
    expect(await unnoticed(session.noteFile, everyBit)).toEqual([]);
  });

  it('in a chain beside its journal is found in every byte, but for the names of its two schema members', async () => {
    const text = readFileSync(session.chain, 'latin1');
    const names = ['schema_id', 'schema_version'].flatMap((name) =>
      Array.from(name, (_, index) => text.indexOf(name) + index),
    );
    // As for the Go tool, a chain without a schema has the right one; the strange name is a warning.
    expect((await unnoticed(session.chain, oneBit)).filter((at) => !names.includes(at))).toEqual([]);
    writeFileSync(session.chain, text.replace('schema_id', 'schemA_id'));
    expect((await verify(session.chain, OPTIONS)).warnings.map(({ kind }) => kind)).toContain('unknown_key');
    writeFileSync(session.chain, text);
  });

  it('in a runpack is found in every byte that says what the pack holds', async () => {
    const pack = session.runpacks.at(-1) ?? '';
    const places = zipPlaces(readFileSync(pack));
    const parts = new Set((await unnoticed(pack, oneBit)).map((at) => places.get(at) ?? 'content'));
    expect([...parts].toSorted()).toEqual(MEANINGLESS);
  });
});

type Field = readonly [name: string, bytes: number];
const LOCAL: readonly Field[] = [
  ['signature', 4],
  ['version needed', 2],
  ['flags', 2],
  ['method', 2],
  ['time', 2],
  ['date', 2],
  ['crc', 4],
  ['compressed size', 4],
  ['size', 4],
  ['name length', 2],
  ['extra length', 2],
];
const CENTRAL: readonly Field[] = [
  ['signature', 4],
  ['version made by', 2],
  ...LOCAL.slice(1),
  ['comment length', 2],
  ['disk', 2],
  ['internal attributes', 2],
  ['external attributes', 4],
  ['offset', 4],
];
const END: readonly Field[] = [
  ['signature', 4],
  ['disk', 2],
  ['directory disk', 2],
  ['entries here', 2],
  ['entries', 2],
  ['directory size', 4],
  ['directory offset', 4],
  ['comment length', 2],
];
const DESCRIPTOR: readonly Field[] = [
  ['signature', 4],
  ['crc', 4],
  ['compressed size', 4],
  ['size', 4],
];

/** What each byte of a zip file is that is no content and no name (APPNOTE 4.3). */
function zipPlaces(zip: Buffer): Map<number, string> {
  const places = new Map<number, string>();
  const mark = (record: string, start: number, fields: readonly Field[]): void => {
    let at = start;
    for (const [name, bytes] of fields) {
      for (let left = bytes; left > 0; left -= 1) places.set(at++, `${record}: ${name}`);
    }
  };
  const end = zip.length - 22;
  mark('end', end, END);
  for (let at = zip.readUInt32LE(end + 16); at < end; at += 46 + zip.readUInt16LE(at + 28)) {
    mark('directory', at, CENTRAL);
    const header = zip.readUInt32LE(at + 42);
    mark('header', header, LOCAL);
    const data = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
    if ((zip.readUInt16LE(at + 8) & 8) !== 0) mark('descriptor', data + zip.readUInt32LE(at + 20), DESCRIPTOR);
  }
  return places;
}
