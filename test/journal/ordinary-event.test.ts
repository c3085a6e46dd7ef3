/** A line that is recognised in its bytes is one that the careful reader takes for the same ordinary event. */
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { isReservedTool } from '../../src/journal/event-fields.js';
import { isFault, parseRecord } from '../../src/journal/record.js';
import { NOT_ORDINARY, OrdinaryEvents } from '../../src/journal/ordinary-event.js';
import { canonicalJson, HASH_BYTES, leafHash } from '../../src/sign/index.js';
import { IDS, linesOf, newJournal, toolCall, withJournal } from '../support/journal-fixtures.js';

const events = new OrdinaryEvents(IDS);
let below: Buffer;
let line: string;

beforeAll(async () => {
  const path = await newJournal(1);
  await withJournal(path, (journal) =>
    journal.append(
      toolCall(2, {
        actor: 'Zoë',
        reason_codes: ['a', 'b'],
        attributes: { args: { cmd: 'ls -l "x"\n', limit: 0.5, on: [true, null] } },
      }),
    ),
  );
  const lines = linesOf(path);
  below = leafHash(Buffer.from(lines[1] ?? ''));
  line = lines[2] ?? '';
});

/** What is recognised in the bytes of a line, as it stands between two others. */
function quickly(bytes: Buffer): number {
  const around = Buffer.concat([Buffer.from('{}\n'), bytes, Buffer.from('\n{}\n')]);
  const hashes = Buffer.concat([Buffer.alloc(HASH_BYTES), below]);
  return isUtf8(around) ? events.sequenceOf(around, 3, 3 + bytes.length, hashes, HASH_BYTES) : NOT_ORDINARY;
}

/** What the careful reader makes of a line: the sequence of an ordinary event, or NOT_ORDINARY. */
function carefully(bytes: Buffer): number {
  const record = parseRecord(bytes);
  if (isFault(record) || record.recordType !== 'event') return NOT_ORDINARY;
  const { event, prev } = record;
  const isOrdinary =
    prev === below.toString('hex') &&
    event.session_id === IDS.session_id &&
    event.run_id === IDS.run_id &&
    event.payload === undefined &&
    !isReservedTool(event.tool_name);
  return isOrdinary ? event.sequence : NOT_ORDINARY;
}

it('recognises what the engine writes', () => {
  expect(quickly(Buffer.from(line))).toBe(2);
  expect(carefully(Buffer.from(line))).toBe(2);
});

it('never differs from the careful reader when it recognises a line, whatever was done to the bytes', () => {
  let recognised = 0;
  const place = fc.nat();
  const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('{}[]",:\\0-.eEgu1 _')));
  const change = fc.tuple(
    fc.constantFrom('put', 'insert', 'cut', 'repeat'),
    place,
    byte,
    fc.integer({ min: 1, max: 40 }),
  );
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const bytes = changes.reduce<Buffer>((now, [kind, anywhere, put, length]) => {
        const at = anywhere % Math.max(now.length, 1);
        const front = now.subarray(0, at);
        if (kind === 'put') return Buffer.concat([front, Buffer.of(put), now.subarray(at + 1)]);
        if (kind === 'insert') return Buffer.concat([front, Buffer.of(put), now.subarray(at)]);
        if (kind === 'cut') return Buffer.concat([front, now.subarray(at + length)]);
        return Buffer.concat([front, now.subarray(at, at + length), now.subarray(at)]);
      }, Buffer.from(line));
      const sequence = quickly(bytes);
      if (sequence === NOT_ORDINARY) return;
      recognised += 1;
      expect(sequence).toBe(carefully(bytes));
    }),
    { numRuns: 30_000 },
  );
  expect(recognised).toBeGreaterThan(300);
});

describe('leaves to the careful reader', () => {
  type Event = Record<string, unknown>;
  const rewritten = (change: (event: Event, whole: Event) => unknown): string => {
    const whole = JSON.parse(line) as Event;
    change(whole['event'] as Event, whole);
    return canonicalJson(whole);
  };
  it.each<[string, () => string | Buffer]>([
    ['an event with a payload', () => rewritten((event) => (event['payload'] = { sha256: 'x' }))],
    ['an event whose payload is null', () => rewritten((event) => (event['payload'] = null))],
    ['an event of the engine', () => rewritten((event) => (event['tool_name'] = 'gait.journal.close'))],
    ['one in other letters', () => rewritten((event) => (event['tool_name'] = 'GaIt.x'))],
    ['one whose name is escaped', () => line.replace('"tool.2"', '"\\u0067ait.journal.close"')],
    ['another session', () => rewritten((event) => (event['session_id'] = 's10'))],
    ['another run', () => rewritten((event) => (event['run_id'] = 'run_'))],
    ['no session', () => rewritten((event) => delete event['session_id'])],
    ['no time', () => rewritten((event) => delete event['created_at'])],
    ['a time that is a number', () => rewritten((event) => (event['created_at'] = 1))],
    ['no tool', () => rewritten((event) => delete event['tool_name'])],
    ['a tool that is no text', () => rewritten((event) => (event['tool_name'] = 1))],
    ['sequence 0', () => rewritten((event) => (event['sequence'] = 0))],
    ['a negative sequence', () => rewritten((event) => (event['sequence'] = -2))],
    ['half a sequence', () => rewritten((event) => (event['sequence'] = 1.5))],
    ['a sequence as text', () => rewritten((event) => (event['sequence'] = '2'))],
    ['a sequence that ends in .0', () => line.replace('"sequence":2', '"sequence":2.0')],
    ['a sequence in powers', () => line.replace('"sequence":2', '"sequence":2e0')],
    ['two sequences', () => line.replace('"sequence":2', '"sequence":2,"sequence":2')],
    ['a second session behind the first', () => line.replace('"tool_name"', '"session_id":"x","tool_name"')],
    ['keys out of order', () => line.replace('"verdict":"allow"', '"verdict":"allow","a":1')],
    ['a key of the envelope', () => rewritten((_, whole) => (whole['zzz'] = 1))],
    ['another kind of line', () => rewritten((_, whole) => (whole['record_type'] = 'header'))],
    ['a link to something else', () => rewritten((_, whole) => (whole['prev'] = '0'.repeat(64)))],
    ['a link in capitals', () => line.replace(below.toString('hex'), below.toString('hex').toUpperCase())],
    ['no link', () => rewritten((_, whole) => delete whole['prev'])],
    ['a space', () => line.replace('"verdict":', '"verdict": ')],
    ['something behind it', () => `${line} `],
    ['a byte order mark', () => `\ufeff${line}`],
    ['no UTF-8', () => Buffer.from(line.replace('tool.2', 'tool.\u00ff'), 'latin1')],
    ['a control character', () => line.replace('tool.2', 'tool\u0001')],
    ['half of it', () => line.slice(0, 200)],
    ['nothing', () => ''],
    ['only its end', () => line.slice(line.indexOf(',"prev"'))],
  ])('%s', (_, make) => {
    expect(make().toString()).not.toBe(line);
    expect(quickly(Buffer.from(make()))).toBe(NOT_ORDINARY);
  });
});
