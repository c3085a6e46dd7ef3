import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineBuffer } from '../../src/journal/line-buffer.js';
import { longestBytes, placedBytes, stageLine } from '../../src/journal/staged-line.js';
import { leafHash } from '../../src/sign/index.js';
import { wellFormedString } from '../sign/json-arbitraries.js';

const HEX = 'a1'.repeat(32);
const text = fc.oneof(wellFormedString, fc.constantFrom('', 'é', '\u{1f600}'.repeat(5_000), 'x'.repeat(65_535)));
const sequence = fc.oneof(fc.maxSafeNat(), fc.constantFrom(1, 9, 10, 99, 100, 2 ** 32, 2 ** 53 - 1));
const prev = fc.stringMatching(/^[0-9a-f]{64}$/);

describe('a buffer of lines', () => {
  test('holds each line with its number and its link, and hashes it as it would be hashed alone', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text, sequence, prev), { maxLength: 12 }), (parts) => {
        const buffer = new LineBuffer();
        const staged = parts.map(([before, after]) => stageLine(before, after));
        let whole = '';
        parts.forEach(([before, after, number, link], at) => {
          const line = `${before}${number}${after}${link}","record_type":"event"}`;
          const each = staged[at] ?? stageLine('', '');
          buffer.add(each, number, link);
          expect(placedBytes(each, number)).toBe(Buffer.byteLength(line) + 1);
          expect(longestBytes(each)).toBe(Buffer.byteLength(line) + 16 - String(number).length);
          expect(buffer.hashLast()).toBe(leafHash(Buffer.from(line)).toString('hex'));
          whole += `${line}\n`;
        });
        expect(buffer.bytes().toString()).toBe(whole);
      }),
    );
  });

  test('forgets what is cut, what is cleared, and nothing else, also when it had to grow', () => {
    const buffer = new LineBuffer();
    const add = (name: string): void => buffer.add(stageLine(name, ''), 1, HEX);
    const placed = (name: string): string => `${name}1${HEX}","record_type":"event"}`;
    for (const times of [1, 50, 1]) {
      buffer.clear();
      add('kept');
      const mark = buffer.end;
      for (let at = 0; at < times; at += 1) add('z'.repeat(65_535));
      buffer.cut(mark);
      add('after');
      expect(buffer.bytes().toString()).toBe(`${placed('kept')}\n${placed('after')}\n`);
      expect(buffer.hashLast()).toBe(leafHash(Buffer.from(placed('after'))).toString('hex'));
    }
  });
});

describe('a staged line', () => {
  test('stays what it was, however many are staged and placed after it, short ones and long ones', () => {
    const sizes = [10, 700, 2_500, 2_650, 2_700, 8_000, 70_000];
    const lines = Array.from({ length: 600 }, (_, at) => {
      const name = `${at}é`.padEnd(sizes[at % sizes.length] ?? 0, 'x');
      return { name, staged: stageLine(name, `,${at}`) };
    });
    const buffer = new LineBuffer();
    for (const { staged } of lines) buffer.add(staged, 2 ** 53 - 1, HEX);
    buffer.clear();
    for (const { staged } of lines) buffer.add(staged, 7, HEX);
    const expected = lines.map(({ name }, at) => `${name}7,${at}${HEX}","record_type":"event"}\n`).join('');
    expect(buffer.bytes().toString() === expected).toBe(true);
  });

  test('shares its memory when it is short, so that a thousand waiting do not take a thousand pieces, and not when it is long', () => {
    const short = Array.from({ length: 100 }, () => stageLine('x'.repeat(400), ''));
    expect(new Set(short.map(({ bytes }) => bytes)).size).toBeLessThan(4);
    const long = stageLine('é'.repeat(30_000), '');
    expect(long.bytes.length).toBe(long.end - long.start);
  });
});
