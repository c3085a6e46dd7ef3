/** The one JSON object a command prints: on one line, keys sorted, errors in the Go tool's envelope. */
import type { GaitError } from '../src/errors.js';

/** Longer values in `details` are cut: they come from input that may be hostile, and end up in logs. */
const MAX_DETAIL_LENGTH = 1_000;

/** More brackets than this and a value in `details` is shown as text. */
const MAX_DETAIL_BRACKETS = 64;

/** One line of JSON, with its line feed. */
export async function jsonLine(value: Readonly<Record<string, unknown>>): Promise<string> {
  const { canonicalJson } = await import('../src/index.js');
  return `${canonicalJson(value)}\n`;
}

/** The fields that an error adds to a command's object. */
export function errorEnvelope(error: GaitError): Record<string, unknown> {
  const details = Object.entries(error.details).filter(([, value]) => value !== undefined);
  return {
    ok: false,
    error: error.message.toWellFormed(),
    error_code: error.code,
    error_category: error.category,
    retryable: error.retryable,
    hint: error.hint.toWellFormed(),
    details: Object.fromEntries(details.map(([key, value]) => [key.toWellFormed(), presentable(value)])),
  };
}

/** A value as it can be printed whatever it is: bounded, well-formed, JSON. */
function presentable(value: unknown): unknown {
  if (typeof value === 'string') return clip(value);
  const text = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string') return inner.toWellFormed();
    return typeof inner === 'bigint' ? String(inner) : inner;
  });
  if (text === undefined) return clip(String(value));
  const brackets = text.length > MAX_DETAIL_LENGTH ? Infinity : (text.match(/[[{]/g) ?? []).length;
  return brackets > MAX_DETAIL_BRACKETS ? clip(text) : (JSON.parse(text) as unknown);
}

function clip(text: string): string {
  const short = text.length > MAX_DETAIL_LENGTH ? `${text.slice(0, MAX_DETAIL_LENGTH)}…` : text;
  return short.toWellFormed();
}
