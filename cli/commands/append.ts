import { GaitError } from '../../src/errors.js';
import type { Durability, EventInput, OpenOptions, PayloadInput, SessionEvent } from '../../src/index.js';
import type { Command, Invocation, Outcome } from '../command.js';
import { EVENT_FLAGS, eventOf } from '../event-flags.js';
import type { Arguments, Flag } from '../flags.js';
import type { Io } from '../io.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { clean, pairs } from '../text.js';

/** Flags of the payload, which is one event's as well. */
const PAYLOAD_FLAGS: readonly Flag[] = [
  { name: 'payload', value: 'FILE', help: 'evidence of any size to keep in a file of its own; - reads standard input' },
  { name: 'payload-type', value: 'TYPE', help: 'its media type (default application/octet-stream)' },
];

/** `gait run session append`: one event from flags, or with `--stdin` a stream of them. */
export const append: Command = {
  flags: [
    ...TARGET_FLAGS,
    ...EVENT_FLAGS,
    { name: 'actor', value: 'NAME', help: 'who acted; with --stdin for every event that names nobody' },
    { name: 'expect-sequence', value: 'N', help: 'append only while N is the last sequence of the session' },
    { name: 'durability', value: 'D', help: 'durable (default: on disk before it is acknowledged) or buffered' },
    ...PAYLOAD_FLAGS,
    { name: 'stdin', help: 'read events as NDJSON from standard input, print receipts' },
    { name: 'skip-invalid', help: 'with --stdin: leave invalid lines out instead of stopping' },
  ],
  examples: [
    'run session append --journal ./s1.jsonl --tool fs.write --verdict allow',
    `run session append --session s1 --root ./sessions --tool sh.run --verdict block --attributes '{"command":"ls"}'`,
    'run session append --journal ./s1.jsonl --tool sh.run --verdict allow --payload ./output.txt --payload-type text/plain',
    'run session append --journal ./s1.jsonl --stdin --json < events.ndjson',
  ],
  async run(invocation) {
    const { args } = invocation;
    if (!args.has('stdin')) {
      refuse(args.has('skip-invalid'), 'skip-invalid', 'without --stdin');
      return await appendOne(invocation);
    }
    for (const { name } of [...EVENT_FLAGS, ...PAYLOAD_FLAGS])
      refuse(args.text(name) !== undefined, name, 'with --stdin');
    const { appendStdin } = await import('../append-stdin.js');
    return await appendStdin(invocation, openOptions(args, invocation.io), sharedFields(invocation));
  },
};

async function appendOne(invocation: Invocation): Promise<Outcome> {
  const { args, io, json, echo } = invocation;
  const event = { ...(await eventOf(args)), ...sharedFields(invocation) };
  const path = await journalPath(args, echo);
  const expected = args.whole('expect-sequence');
  const payload = payloadOf(args, io);
  const { openJournal } = await import('../../src/index.js');
  const journal = await openJournal(path, openOptions(args, io));
  try {
    const receipt = await journal.append(event, {
      ...(expected === undefined ? {} : { expectedSequence: expected }),
      ...(payload === undefined ? {} : { payload }),
    });
    // Noted at once: whatever fails from here on, the caller learns that the event was accepted.
    echo['receipt'] = receipt;
    const { tool_name: tool, verdict } = event;
    const stored = json || payload !== undefined ? await storedEvent(path, receipt.sequence, io) : undefined;
    return {
      json: { ok: true, ...(stored === undefined ? {} : { event: stored }) },
      text: [
        `session append: ${pairs({ sequence: receipt.sequence, tool, verdict: verdict.toLowerCase() })}`,
        ...(stored?.payload === undefined ? [] : [`payload: ${pairs({ ...stored.payload })}`]),
        `journal: ${clean(path)}`,
      ],
    };
  } finally {
    await journal.close();
  }
}

/** What the event is to carry. Throws INVALID_ARGUMENT for a type without a payload. */
function payloadOf(args: Arguments, io: Io): PayloadInput | undefined {
  const [source, mediaType] = [args.text('payload'), args.text('payload-type')];
  if (source === undefined) refuse(mediaType !== undefined, 'payload-type', 'without --payload');
  if (source === undefined) return undefined;
  const content = source === '-' ? { content: io.stdin } : { path: source };
  return mediaType === undefined ? content : { ...content, mediaType };
}

/** The event as it stands in the journal. */
async function storedEvent(path: string, sequence: number, io: Io): Promise<SessionEvent> {
  const { readJournal } = await import('../../src/index.js');
  for await (const line of readJournal(path, { env: io.env, fromSequence: sequence, toSequence: sequence })) {
    if (line.recordType === 'event' && line.event.sequence === sequence) return line.event;
  }
  throw new GaitError('JOURNAL_TRUNCATED', `event ${sequence} is no longer in ${path}`, {
    details: { path, sequence },
  });
}

/** Fields that the command line gives to one event, or to all of a stream. */
function sharedFields({ args, givenCorrelationId }: Invocation): Partial<EventInput> {
  const actor = args.text('actor');
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(givenCorrelationId === undefined ? {} : { correlation_id: givenCorrelationId }),
  };
}

function openOptions(args: Arguments, io: Io): OpenOptions {
  const durability = args.text('durability');
  // An unknown word is refused by the library, by name.
  return { env: io.env, ...(durability === undefined ? {} : { durability: durability as Durability }) };
}

function refuse(isGiven: boolean, flag: string, when: string): void {
  if (!isGiven) return;
  throw new GaitError('INVALID_ARGUMENT', `--${flag} means nothing ${when}`, { details: { flag } });
}
