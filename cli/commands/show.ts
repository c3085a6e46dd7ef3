import { GaitError } from '../../src/errors.js';
import type { Command, Invocation, Outcome } from '../command.js';
import { whileWorking } from '../progress.js';
import { printLines } from '../print-lines.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { clean, pairs } from '../text.js';

/** `gait run session show`: the lines of a journal, all or those of a range of events; or the payload of one event. */
export const show: Command = {
  flags: [
    ...TARGET_FLAGS,
    { name: 'from', value: 'N', help: 'first event, by sequence' },
    { name: 'to', value: 'M', help: 'last event, by sequence' },
    {
      name: 'payload',
      value: 'N',
      help: 'print the payload of event N instead, byte for byte, once its hash is checked',
    },
    { name: 'out', value: 'FILE', help: 'with --payload: write it to a new file' },
  ],
  examples: [
    'run session show --journal ./s1.jsonl --from 1 --to 20',
    'run session show --journal ./s1.jsonl --payload 1 --out ./evidence.bin',
    'run session show --journal ./s1.jsonl --json',
  ],
  async run(invocation) {
    const { args, io, out, json, echo } = invocation;
    const sequence = args.whole('payload');
    if (sequence !== undefined) return await showPayload(invocation, sequence);
    if (args.text('out') !== undefined) {
      throw new GaitError('INVALID_ARGUMENT', '--out means nothing without --payload', { details: { flag: 'out' } });
    }
    const path = await journalPath(args, echo);
    const [from, to] = [args.whole('from'), args.whole('to')];
    if (from === 0 || to === 0 || (from ?? 1) > (to ?? Infinity)) {
      throw new GaitError('INVALID_ARGUMENT', '--from and --to are sequences from 1, the first not after the second', {
        details: { from, to },
      });
    }
    const { readJournal } = await import('../../src/index.js');
    const lines = readJournal(path, {
      env: io.env,
      ...(from === undefined ? {} : { fromSequence: from }),
      ...(to === undefined ? {} : { toSequence: to }),
    });
    await printLines(lines, out, { json, isLive: false });
    return {};
  },
};

async function showPayload(invocation: Invocation, sequence: number): Promise<Outcome> {
  const { args, io, out, json, echo } = invocation;
  const target = args.text('out') ?? '-';
  for (const flag of ['from', 'to']) {
    if (args.text(flag) === undefined) continue;
    throw new GaitError('INVALID_ARGUMENT', `--${flag} means nothing with --payload`, { details: { flag } });
  }
  if (json && target === '-') {
    throw new GaitError('INVALID_ARGUMENT', '--json with --payload needs --out FILE: the bytes are no JSON', {
      details: { flag: 'out' },
    });
  }
  const path = await journalPath(args, echo);
  const { readPayload, writeNewFile } = await import('../../src/index.js');
  const { payload, content } = await whileWorking(invocation, 'checking', async () =>
    readPayload(path, sequence, { env: io.env }),
  );
  if (target === '-') {
    for await (const chunk of content) {
      await out.write(chunk);
      if (out.closed) break;
    }
    return {};
  }
  const written = await whileWorking(invocation, 'writing', async () => writeNewFile(target, content, { env: io.env }));
  return {
    json: { ok: true, sequence, payload, out: written },
    text: [`session show: ${pairs({ sequence, ...payload })}`, `payload: ${clean(written)}`],
  };
}
