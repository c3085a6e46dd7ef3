/** Changes to the bytes of a valid file: blind ones, and ones that know what such files are made of. */

export interface Mutation {
  readonly name: string;
  readonly bytes: Buffer;
}

type Mutator = (bytes: Buffer, random: () => number) => Buffer;

const pick = <T>(items: readonly T[], random: () => number): T | undefined =>
  items[Math.floor(random() * items.length)];
const place = (bytes: Buffer, random: () => number): number => Math.floor(random() * bytes.length);

function splice(bytes: Buffer, at: number, remove: number, insert: Uint8Array | string): Buffer {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(insert as string), bytes.subarray(at + remove)]);
}

/** Values that parsers have been wrong about. */
const NASTY = [
  'null',
  '-1',
  '1e999',
  '9007199254740993',
  '18446744073709551616',
  '""',
  '"\\ud800"',
  '"\\u0000"',
  '{"__proto__":{"ok":true}}',
  '[]',
  'true',
  '"../../../../etc/passwd"',
  `"${'x'.repeat(70_000)}"`,
  '['.repeat(20_000),
  '{"a":'.repeat(20_000),
] as const;

const JSON_VALUE = /:\s*("(?:[^"\\]|\\.)*"|-?\d+|true|false|null)/g;

/** Replaces one value of JSON or of YAML by one that a careless parser trips over. */
function nastyValue(bytes: Buffer, random: () => number): Buffer {
  const text = bytes.toString('latin1');
  const values = [...text.matchAll(JSON_VALUE)];
  const chosen = pick(values, random);
  if (chosen?.[1] === undefined) return splice(bytes, place(bytes, random), 1, pick(NASTY, random) ?? '');
  const at = chosen.index + chosen[0].length - chosen[1].length;
  return splice(bytes, at, chosen[1].length, pick(NASTY, random) ?? '');
}

/** Deletes, doubles or swaps whole lines. */
function lines(bytes: Buffer, random: () => number): Buffer {
  const all = bytes.toString('latin1').split('\n');
  const at = Math.floor(random() * all.length);
  const kind = Math.floor(random() * 3);
  if (kind === 0) all.splice(at, 1);
  else if (kind === 1) all.splice(at, 0, all[at] ?? '');
  else all.push(...all.splice(at, 1));
  return Buffer.from(all.join('\n'), 'latin1');
}

/** Sets a number of two or four bytes to its largest: counts and sizes of binary formats. */
function hugeNumber(bytes: Buffer, random: () => number): Buffer {
  const width = random() < 0.5 ? 2 : 4;
  return splice(
    bytes,
    place(bytes, random),
    width,
    Uint8Array.from({ length: width }, () => 0xff),
  );
}

const MUTATORS: Readonly<Record<string, Mutator>> = {
  'a bit flipped': (bytes, random) => {
    const at = place(bytes, random);
    return splice(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))));
  },
  'a byte replaced': (bytes, random) =>
    splice(bytes, place(bytes, random), 1, Uint8Array.of(Math.floor(random() * 256))),
  'cut short': (bytes, random) => bytes.subarray(0, place(bytes, random)),
  'a part taken out': (bytes, random) => splice(bytes, place(bytes, random), 1 + Math.floor(random() * 200), ''),
  'a part twice': (bytes, random) => {
    const at = place(bytes, random);
    return splice(bytes, at, 0, bytes.subarray(at, at + 1 + Math.floor(random() * 300)));
  },
  'NUL bytes': (bytes, random) => splice(bytes, place(bytes, random), 4, Uint8Array.of(0, 0, 0, 0)),
  'no UTF-8': (bytes, random) => splice(bytes, place(bytes, random), 2, Uint8Array.of(0xff, 0xc0)),
  'a byte order mark': (bytes) => splice(bytes, 0, 0, Uint8Array.of(0xef, 0xbb, 0xbf)),
  CRLF: (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
  'a nasty value': nastyValue,
  lines,
  'a huge number': hugeNumber,
  'a prototype': (bytes) =>
    Buffer.from(bytes.toString('latin1').replace(/\{"/, '{"__proto__":{"ok":true},"constructor":1,"'), 'latin1'),
  'nothing left': () => Buffer.alloc(0),
  'something behind it': (bytes, random) =>
    Buffer.concat([bytes, Buffer.alloc(1 + Math.floor(random() * 5_000), 0x61)]),
};

const NAMES = Object.keys(MUTATORS);

/** Each kind in turn, then any. */
export function mutate(bytes: Buffer, round: number, random: () => number): Mutation {
  const name = NAMES[round % NAMES.length] ?? 'lines';
  return { name, bytes: MUTATORS[name]?.(bytes, random) ?? bytes };
}
