/** However a stream of bytes comes in, the same lines come out, one at a time or many where they lie. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LineSplitter } from '../../../src/journal/store/index.js';

const MAX_LINE_BYTES = 24;

interface Split {
  readonly lines: readonly (readonly [text: string, start: number])[];
  readonly tooLong: readonly (readonly [sizeBytes: number, start: number])[];
  readonly rest: string;
  readonly position: number;
  readonly many: number;
}

function split(chunks: readonly Buffer[], maxLineBytes: number, inBlocks: boolean): Split {
  const lines: [string, number][] = [];
  const tooLong: [number, number][] = [];
  let many = 0;
  const splitter = new LineSplitter(
    100,
    (line, start) => lines.push([line.toString('latin1'), start]),
    (sizeBytes, start) => tooLong.push([sizeBytes, start]),
    maxLineBytes,
    inBlocks
      ? (bytes, from, end, start) => {
          expect(from).toBeGreaterThan(0);
          expect(bytes[end - 1]).toBe(0x0a);
          for (let at = from; at < end; many += 1) {
            const lineEnd = bytes.indexOf(0x0a, at);
            lines.push([bytes.toString('latin1', at, lineEnd), start + at - from]);
            at = lineEnd + 1;
          }
        }
      : undefined,
  );
  for (const chunk of chunks) splitter.push(chunk);
  const { position } = splitter;
  return { lines, tooLong, rest: splitter.rest.toString('latin1'), position, many };
}

it('cuts the same lines in blocks as one by one, wherever the stream is cut', () => {
  let many = 0;
  const byte = fc.constantFrom(0x0a, 0x0a, 0x61, 0x62, 0xff);
  fc.assert(
    fc.property(fc.array(fc.array(byte, { maxLength: 30 }), { maxLength: 8 }), (bytes) => {
      const chunks = bytes.map((each) => Buffer.from(each));
      const text = Buffer.concat(chunks).toString('latin1');
      const oneByOne = split(chunks, MAX_LINE_BYTES, false);
      const inBlocks = split(chunks, MAX_LINE_BYTES, true);
      expect({ ...inBlocks, many: 0 }).toEqual(oneByOne);
      many += inBlocks.many;
      const whole = text.split('\n').slice(0, -1);
      expect(oneByOne.lines.map(([line]) => line)).toEqual(whole.filter((line) => line.length <= MAX_LINE_BYTES));
      expect(oneByOne.tooLong).toHaveLength(whole.filter((line) => line.length > MAX_LINE_BYTES).length);
    }),
    { numRuns: 2_000 },
  );
  expect(many).toBeGreaterThan(1_000);
});
