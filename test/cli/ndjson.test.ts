import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_LINE_BYTES, readLines } from '../../cli/ndjson.js';

type Found = [number, string];

/** Number and text, or number and code, of every line of a stream. */
async function linesOf(chunks: readonly Uint8Array[]): Promise<Found[]> {
  const found: Found[] = [];
  for await (const batch of readLines(Readable.from(chunks, { objectMode: false }))) {
    for (const line of batch) found.push([line.number, 'text' in line ? line.text : line.error.code]);
  }
  return found;
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe('lines of standard input', () => {
  test('are the same however the bytes are cut', async () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom('', '  ', '\r', '{"a":"ü€😀"}'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(60)), fc.boolean(), async (texts, cuts, endsInLf) => {
        const all = bytes(texts.join('\n') + (endsInLf ? '\n' : ''));
        const chunks: Buffer[] = [];
        let rest = all;
        for (const cut of cuts) {
          chunks.push(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        const expected = all
          .toString('utf8')
          .split('\n')
          .map((text, i): Found => [i + 1, text])
          .filter(([, text]) => text.trim() !== '');
        expect(await linesOf([...chunks, rest].filter((chunk) => chunk.length > 0))).toEqual(expected);
      }),
    );
  });

  test('that are not UTF-8 have their error in their place', async () => {
    const chunks = [bytes('a\n'), Buffer.from([0xff, 0x0a]), bytes('\nb'), Buffer.from([0xc3])];
    expect(await linesOf(chunks)).toEqual([
      [1, 'a'],
      [2, 'INVALID_JSON'],
      [4, 'INVALID_JSON'],
    ]);
  });

  test('a byte order mark is kept, for the parser to refuse', async () => {
    expect(await linesOf([bytes('\ufeff{}\n')])).toEqual([[1, '\ufeff{}']]);
  });

  test.each([4_093, 65_536, MAX_LINE_BYTES, MAX_LINE_BYTES + 10])(
    'a line that is too long is refused alone, in chunks of %i',
    async (size) => {
      const long = Buffer.alloc(MAX_LINE_BYTES + 1, 0x61);
      const cut: Buffer[] = [];
      for (let rest = long; rest.length > 0; rest = rest.subarray(size)) cut.push(rest.subarray(0, size));
      expect(await linesOf([bytes('a\n'), ...cut, bytes('xyz'), bytes('\n\nb\nc')])).toEqual([
        [1, 'a'],
        [2, 'LINE_TOO_LONG'],
        [4, 'b'],
        [5, 'c'],
      ]);
    },
  );

  test('a line of the longest length is read', async () => {
    const [line] = await linesOf([Buffer.alloc(MAX_LINE_BYTES, 0x61), bytes('\n')]);
    expect(line?.[1].length).toBe(MAX_LINE_BYTES);
  });

  test('a line is handed over while the stream is still open', async () => {
    const source = new Readable({ read() {} });
    source.push('a\nb');
    const lines = readLines(source);
    expect((await lines.next()).value).toEqual([{ number: 1, text: 'a' }]);
    source.push('c\n');
    expect((await lines.next()).value).toEqual([{ number: 2, text: 'bc' }]);
    await lines.return();
    expect(source.destroyed).toBe(true);
  });

  test('batches are bounded', async () => {
    const text = bytes('x\n'.repeat(5_000) + `${'y'.repeat(700_000)}\n`.repeat(3));
    const sizes: number[] = [];
    for await (const batch of readLines(Readable.from([text], { objectMode: false }))) sizes.push(batch.length);
    expect(sizes.reduce((a, b) => a + b)).toBe(5_003);
    expect(Math.max(...sizes)).toBe(2_048);
    expect(sizes.slice(-2)).toEqual([1, 1]);
  });
});
