/**
 * A second reader of journals, written from docs and specifications and sharing no code with the engine: RFC 6962 hashes
 * over all leaves at once, the Go tool's full-read rules, RFC 8785 by the canonicalize package.
 */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

function sha256(...parts: readonly (Uint8Array | string)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** RFC 6962 section 2.1. */
export function leafHash(line: Uint8Array | string): Buffer {
  return sha256(Uint8Array.of(0), line);
}

/** RFC 6962 section 2.1: the split is at the largest power of two below the number of leaves. */
function treeRoot(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return only;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Uint8Array.of(1), treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)));
}

export interface OracleReport {
  /** One phrase a fault; empty for a journal that keeps every rule of ours. */
  readonly faults: readonly string[];
  readonly leaves: readonly Buffer[];
  readonly root: string;
  readonly lastSequence: number;
}

interface Line {
  readonly record_type?: unknown;
  readonly prev?: unknown;
  readonly header?: { readonly session_id: string; readonly run_id: string };
  readonly event?: { readonly session_id: string; readonly run_id: string; readonly sequence: number };
}

/** Holds a journal that gait alone wrote, without checkpoints, to docs/format.md. */
export function checkOwnJournal(bytes: Buffer): OracleReport {
  const faults: string[] = [];
  const texts = bytes.toString('utf8').split('\n');
  if (texts.pop() !== '') faults.push('no final line feed');
  const leaves: Buffer[] = [];
  let sequence = 0;
  let ids = '';
  for (const [at, text] of texts.entries()) {
    const line = JSON.parse(text) as Line;
    const fault = (what: string): void => void faults.push(`line ${at + 1}: ${what}`);
    if (canonicalize(line) !== text) fault('is not canonical');
    if (Buffer.byteLength(text) > 65_535) fault('is too long');
    if (line.prev !== leaves.at(-1)?.toString('hex')) fault('names another line before it');
    const payload = at === 0 ? line.header : line.event;
    if (line.record_type !== (at === 0 ? 'header' : 'event') || payload === undefined) fault('has the wrong type');
    if (at === 0) ids = `${payload?.session_id}/${payload?.run_id}`;
    else if (line.event?.sequence !== (sequence += 1)) fault('has the wrong sequence');
    if (`${payload?.session_id}/${payload?.run_id}` !== ids) fault('is of another session');
    leaves.push(leafHash(text));
  }
  return { faults, leaves, root: treeRoot(leaves).toString('hex'), lastSequence: sequence };
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * What the Go tool's full read would say of a journal (docs/go-compatibility.md), as far as lines of ours can offend it;
 * undefined when it accepts.
 */
export function goReaderRefusal(bytes: Buffer): string | undefined {
  let expected = 1;
  let header: Fields | undefined;
  for (const [at, text] of bytes.toString('utf8').split('\n').entries()) {
    if (text.trim() === '') continue;
    const where = `line ${at + 1}`;
    if (Buffer.byteLength(text) > 8_388_607) return `${where}: token too long`;
    const line = JSON.parse(text) as Fields;
    // Go matches keys without regard to case, and the last one wins.
    const names = Object.keys(line).map((name) => name.toLowerCase());
    if (new Set(names).size !== names.length) return `${where}: keys that Go takes for one`;
    const type = line['record_type'];
    const payload = line[String(type)] as Fields | undefined;
    if (type !== 'header' && type !== 'event' && type !== 'checkpoint') return `${where}: unsupported record_type`;
    if (payload === undefined) return `${where}: missing payload`;
    const badTime = Object.entries(payload).find(([name, value]) => name.endsWith('_at') && !isGoTime(value));
    if (badTime !== undefined) return `${where}: bad time ${badTime[0]}`;
    if (type === 'header') {
      if (header !== undefined) return 'duplicate header';
      header = payload;
      continue;
    }
    if (header === undefined) return `${where}: before the header`;
    if (payload['session_id'] !== header['session_id'] || payload['run_id'] !== header['run_id'])
      return `${where}: identity mismatch`;
    if (type === 'checkpoint') {
      expected = Math.max(expected, Number(payload['sequence_end']) + 1);
      continue;
    }
    if (!text.includes(`"sequence":${expected}`) || payload['sequence'] !== expected)
      return `${where}: want ${expected}`;
    expected += 1;
  }
  return header === undefined ? 'missing header' : undefined;
}

function isGoTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z$/.test(value);
}
