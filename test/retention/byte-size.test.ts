import { expect, test } from 'vitest';
import { parseByteSize } from '../../src/retention/byte-size.js';

test.each([
  ['1', 1],
  ['1024', 1024],
  ['12B', 12],
  ['10GB', 10_000_000_000],
  ['10gb', 10_000_000_000],
  ['512MiB', 536_870_912],
  ['512 MiB', 536_870_912],
  ['1.5GiB', 1_610_612_736],
  ['3kB', 3_000],
  ['1TiB', 2 ** 40],
])('%s is %d bytes', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test.each([
  '',
  '0',
  '0GB',
  '-1',
  '-1GB',
  '1.5',
  '0.0001KB',
  '1e3',
  '10 G B',
  '10XB',
  'GB',
  '10  GB',
  '9007199254740993',
  '10PB10',
  'constructor',
  '1constructor',
])('%j is no size', (text) => {
  expect(parseByteSize(text)).toBeUndefined();
});
