/**
 * Readers for the small textual fields of keys, notes and proofs. Each accepts the one spelling that its printer
 * writes and nothing else, so that print(parse(x)) is x and no two texts mean the same.
 */

/** Bytes of standard padded base64 (RFC 4648 section 4), or undefined when the text is not its one canonical form. */
export function decodeBase64(text: string): Buffer | undefined {
  // Buffer skips what it does not know and takes what it can get; writing it out again shows whether it did.
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Bytes of lower-case hex, or undefined. */
export function decodeHex(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'hex');
  return bytes.toString('hex') === text ? bytes : undefined;
}

/** A decimal integer from 0 to 2^53 - 1 without leading zeros, or undefined. */
export function decodeDecimal(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
