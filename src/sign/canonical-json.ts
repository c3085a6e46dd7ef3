/**
 * Canonical JSON, RFC 8785 (JCS): the one text that a JSON value has, so that a digest of it means something.
 *
 * Two paths give the same text. Where a value is plain and its keys already stand in canonical order, the platform's
 * own JSON.stringify writes RFC 8785 (RFC 8785 defines scalars by ECMAScript's rules), so a walk that checks this is
 * all that is added. Otherwise the text is put together here, and every refusal is found and named here.
 */
import { GaitError } from '../errors.js';

/** Arrays and objects may be nested this deep; it bounds the stack and turns a cycle into a refusal. */
export const MAX_JSON_DEPTH = 128;

/** A character that JSON.stringify escapes, or that may be half of a lone pair. Anything else is quoted as it is. */
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

type Segment = string | number;

/**
 * The RFC 8785 form of a JSON value.
 *
 * Takes null, booleans, finite numbers, well-formed strings, arrays without holes and plain objects; own enumerable
 * string keys count, as for JSON.stringify. `-0` becomes `0`, as RFC 8785 asks.
 *
 * @throws GaitError INVALID_JSON for anything that JSON.stringify would drop, change or run: `undefined`, functions,
 * symbols, bigints, NaN and infinities, `toJSON`, class instances, boxed scalars, lone surrogates in keys or values,
 * more than `MAX_JSON_DEPTH` levels. `details`: `path` (RFC 6901 JSON pointer) and `reason`.
 */
export function canonicalJson(value: unknown): string {
  return isNativelyCanonical(value, 0) ? JSON.stringify(value) : encode(value, []);
}

/**
 * One string in RFC 8785 form, quotes included.
 *
 * @throws GaitError INVALID_JSON for a lone surrogate.
 */
export function canonicalString(text: string): string {
  return encodeString(text, []);
}

/** True when JSON.stringify writes exactly the canonical form; false also where it must be refused. */
function isNativelyCanonical(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isFinite(value);
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value !== 'object' || depth >= MAX_JSON_DEPTH || hasToJson(value)) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (!isNativelyCanonical(value[i], depth + 1)) return false;
    }
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  // JSON.stringify visits own keys in this very order (integer-like ones first), so order needs no other check.
  // `for in` is faster than Object.keys; a key it may meet on a polluted prototype is at worst a reason to fall back.
  const members = value as Readonly<Record<string, unknown>>;
  let previous = '';
  for (const key in members) {
    if (previous > key || !key.isWellFormed() || !isNativelyCanonical(members[key], depth + 1)) return false;
    previous = key;
  }
  return true;
}

function hasToJson(value: object): boolean {
  return (value as { readonly toJSON?: unknown }).toJSON !== undefined;
}

/** The text of a value in any key order. `path` is where it stands: pushed and popped on the way, read on refusal. */
function encode(value: unknown, path: Segment[]): string {
  if (typeof value === 'string') return encodeString(value, path);
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw refusal(path, 'not_finite', 'a number that JSON cannot write');
    return String(value);
  }
  if (typeof value !== 'object') throw refusal(path, 'not_json', `a value of type ${typeof value}`);
  if (path.length >= MAX_JSON_DEPTH) throw refusal(path, 'too_deep', 'nesting that is too deep, or a cycle');
  if (typeof (value as { readonly toJSON?: unknown }).toJSON === 'function') {
    throw refusal(path, 'to_json', 'an object with a toJSON method');
  }
  if (Array.isArray(value)) return encodeArray(value, path);
  if (!isPlainObject(value)) throw refusal(path, 'not_plain', 'an object that is not a plain one');
  return encodeObject(value as Readonly<Record<string, unknown>>, path);
}

function encodeArray(values: readonly unknown[], path: Segment[]): string {
  let text = '[';
  // By index, so that a hole is met as `undefined` and refused, not skipped.
  for (let i = 0; i < values.length; i++) {
    path.push(i);
    text += (i === 0 ? '' : ',') + encode(values[i], path);
    path.pop();
  }
  return `${text}]`;
}

function encodeObject(members: Readonly<Record<string, unknown>>, path: Segment[]): string {
  let text = '{';
  let separator = '';
  // Array.prototype.sort without a comparator orders by UTF-16 code units: RFC 8785 section 3.2.3.
  for (const key of Object.keys(members).sort()) {
    path.push(key);
    text += `${separator}${encodeString(key, path)}:${encode(members[key], path)}`;
    separator = ',';
    path.pop();
  }
  return `${text}}`;
}

function encodeString(text: string, path: readonly Segment[]): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw refusal(path, 'lone_surrogate', 'half of a surrogate pair');
  return JSON.stringify(text);
}

/** True for an object literal, JSON.parse output or a null-prototype object, also of another realm. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
}

function refusal(path: readonly Segment[], reason: string, what: string): GaitError {
  const pointer = path.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const place = (pointer === '' ? 'the top level' : pointer).toWellFormed();
  return new GaitError('INVALID_JSON', `cannot write ${what} as JSON, at ${place}`, {
    details: { path: pointer.toWellFormed(), reason },
  });
}
