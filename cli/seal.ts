/** What `checkpoint` and `close` have in common: their flags, the key, and how a seal is told. */
import { GaitError } from '../src/errors.js';
import type { CheckpointOptions, CheckpointResult, KeyMode } from '../src/index.js';
import type { Outcome } from './command.js';
import type { Arguments, Flag } from './flags.js';
import type { Io } from './io.js';
import { keySources, PRIVATE_KEY_FLAGS } from './key-flags.js';
import { clean, pairs } from './text.js';

/** Flags that name a file to write. */
const OUTPUT_FLAGS: readonly Flag[] = [
  { name: 'out', value: 'PACK', help: 'also write the newly sealed events to a new runpack, and the chain' },
  { name: 'chain-out', value: 'FILE', help: 'a second place for the chain' },
  {
    name: 'note-out',
    value: 'FILE',
    help: 'also write the signed note to a file; an older note of the log is replaced',
  },
];

export const SEAL_FLAGS: readonly Flag[] = [
  ...OUTPUT_FLAGS,
  { name: 'with-payloads', help: 'carry the payloads of the sealed events in the runpack' },
  {
    name: 'key-mode',
    value: 'MODE',
    help: 'prod: sign with the private key, as when one is given; dev: with a key made for this run and then forgotten',
  },
  ...PRIVATE_KEY_FLAGS,
];

export interface Seal {
  readonly options: CheckpointOptions;
  /** What the caller has to be told about the key. */
  readonly warnings: readonly string[];
}

/** Whether a flag asks for a file. */
export function asksForOutput(args: Arguments): boolean {
  return OUTPUT_FLAGS.some(({ name }) => args.text(name) !== undefined);
}

/** Throws INVALID_ARGUMENT for flags that mean nothing together, and as resolveSigningKey does. */
export async function sealOf(args: Arguments, { env }: Io): Promise<Seal> {
  const { resolveSigningKey } = await import('../src/index.js');
  const [out, chainOut, noteOut] = [args.text('out'), args.text('chain-out'), args.text('note-out')];
  const withPayloads = args.has('with-payloads');
  if (withPayloads && out === undefined) {
    throw new GaitError('INVALID_ARGUMENT', '--with-payloads needs --out: only a runpack can carry them', {
      details: { flag: 'with-payloads' },
    });
  }
  // An unknown mode is refused by the library, by name.
  const mode = args.text('key-mode') as KeyMode | undefined;
  const key = resolveSigningKey({ privateKey: keySources(args).privateKey, mode }, { env });
  return {
    options: {
      ...(key === undefined ? {} : { key: key.pair }),
      ...(out === undefined ? {} : { out }),
      ...(chainOut === undefined ? {} : { chainOut }),
      ...(noteOut === undefined ? {} : { noteOut }),
      withPayloads,
    },
    warnings: key?.warnings ?? [],
  };
}

/** The Go tool's object and lines, with the place in the log, the root and the note added. */
export function describeSeal(
  operation: string,
  result: CheckpointResult,
  notePath: string | undefined,
  warnings: readonly string[],
): Outcome {
  const { checkpoint, chain_path: chainPath } = result;
  const { checkpoint_index: index, sequence_start: start, sequence_end: end, runpack_path: pack } = checkpoint;
  const fields = pairs({ index, runpack: pack, range: `${start}..${end}` });
  return {
    json: {
      ok: true,
      ...result,
      ...(notePath === undefined ? {} : { note_path: notePath }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
    text: [
      `session ${operation}: ${fields}`,
      ...(chainPath === undefined ? [] : [`session chain: ${clean(chainPath)}`]),
      ...(notePath === undefined ? [] : [`note: ${clean(notePath)}`]),
      `root: ${pairs({ root_hash: checkpoint.root_hash, tree_size: checkpoint.tree_size })}`,
      `signed by: ${clean(checkpoint.signature?.key_id ?? 'nobody')}`,
    ],
    warnings: warnings.map((warning) => `warning: ${clean(warning)}`),
  };
}
