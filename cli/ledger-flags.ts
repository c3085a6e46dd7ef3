/** What commands that write to a ledger have in common: who, and with which key. */
import { GaitError } from '../src/errors.js';
import type { KeyMode, KeyPair } from '../src/index.js';
import type { Arguments, Flag } from './flags.js';
import type { Io } from './io.js';
import { keySources, PRIVATE_KEY_FLAGS } from './key-flags.js';

export const SIGNING_FLAGS: readonly Flag[] = [
  {
    name: 'key-mode',
    value: 'MODE',
    help: 'prod: sign with the private key, as when one is given; dev: with a key made for this run and then forgotten',
  },
  ...PRIVATE_KEY_FLAGS,
];

export interface LedgerKey {
  readonly key: KeyPair;
  readonly warnings: readonly string[];
}

/** The key, when one is named. Throws as resolveSigningKey. */
export async function optionalKey(args: Arguments, { env }: Io): Promise<LedgerKey | undefined> {
  const { resolveSigningKey } = await import('../src/index.js');
  // An unknown mode is refused by the library, by name.
  const mode = args.text('key-mode') as KeyMode | undefined;
  const key = resolveSigningKey({ privateKey: keySources(args).privateKey, mode }, { env });
  return key === undefined ? undefined : { key: key.pair, warnings: key.warnings };
}

/** Throws INVALID_ARGUMENT when no key is named. */
export async function signingKey(args: Arguments, io: Io, what: string): Promise<LedgerKey> {
  const found = await optionalKey(args, io);
  if (found !== undefined) return found;
  throw new GaitError('INVALID_ARGUMENT', `gait ${what} needs a key: a removal that nobody signed proves nothing`, {
    hint: 'name it with --private-key or --private-key-env; gait keys init makes one',
    details: { flag: 'private-key' },
  });
}

/** `--actor`, else the user of this process. */
export function whoIs(args: Arguments, { env }: Io): string {
  const name = args.text('actor') ?? env['USER']?.trim() ?? env['LOGNAME']?.trim() ?? '';
  return name === '' ? 'unknown' : name;
}

/** Throws INVALID_ARGUMENT. @param why what the value is good for */
export function required(args: Arguments, name: string, why: string): string {
  const value = args.text(name);
  if (value !== undefined) return value;
  throw new GaitError('INVALID_ARGUMENT', `--${name} is required: ${why}`, { details: { flag: name } });
}
