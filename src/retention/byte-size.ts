/** Sizes as people write them: `10GB`, `512MiB`, `1.5 GiB`, or plain bytes. */

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  pb: 1e15,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  pib: 2 ** 50,
};
const SIZE = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i;

/** Bytes, or undefined for anything that is no positive whole number of them that a double can hold. */
export function parseByteSize(text: string): number | undefined {
  const [, number = '', unit = ''] = SIZE.exec(text) ?? [];
  const scale = Object.hasOwn(UNIT_BYTES, unit.toLowerCase()) ? UNIT_BYTES[unit.toLowerCase()] : undefined;
  if (number === '' || scale === undefined) return undefined;
  const bytes = Number(number) * scale;
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
