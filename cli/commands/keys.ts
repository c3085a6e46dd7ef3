/** `gait keys`: makes key pairs, checks them, prints vkeys. */
import { GaitError } from '../../src/errors.js';
import type { KeyFileOptions, KeyFiles } from '../../src/index.js';
import type { Command, Outcome } from '../command.js';
import type { Arguments, Flag } from '../flags.js';
import { keySources, PRIVATE_KEY_FLAGS, PUBLIC_KEY_FLAGS } from '../key-flags.js';
import { pairs } from '../text.js';

const KEY_FILE_FLAGS: readonly Flag[] = [
  { name: 'out-dir', value: 'DIR', help: 'folder of the keys (default gait-out/keys)' },
  { name: 'prefix', value: 'NAME', help: 'files are NAME_private.key and NAME_public.key (default gait)' },
];

export const keysInit: Command = {
  flags: [
    ...KEY_FILE_FLAGS,
    { name: 'force', help: 'replace a key that is there; it is lost, and cannot sign any more' },
  ],
  examples: ['keys init', 'keys init --out-dir ./keys --prefix prod --json'],
  async run({ args }) {
    const { initKeys } = await import('../../src/index.js');
    return describeFiles('init', initKeys({ ...keyFileOptions(args), force: args.has('force') }));
  },
};

export const keysRotate: Command = {
  flags: KEY_FILE_FLAGS,
  examples: ['keys rotate', 'keys rotate --out-dir ./keys --prefix prod --json'],
  async run({ args }) {
    const { rotateKeys } = await import('../../src/index.js');
    return describeFiles('rotate', rotateKeys(keyFileOptions(args)));
  },
};

export const keysVerify: Command = {
  flags: [...PRIVATE_KEY_FLAGS, ...PUBLIC_KEY_FLAGS],
  examples: [
    'keys verify --private-key ./keys/gait_private.key --public-key ./keys/gait_public.key',
    'keys verify --private-key-env GAIT_KEY --json',
  ],
  async run({ args, io }) {
    const { verifyKeyPair } = await import('../../src/index.js');
    const { keyId, privateKeySource, publicKeySource } = verifyKeyPair(keySources(args), { env: io.env });
    const fields = { key_id: keyId, private_key_source: privateKeySource, public_key_source: publicKeySource };
    return { json: { ok: true, ...fields }, text: [`keys verify: ${pairs(fields)}`] };
  },
};

export const keysVkey: Command = {
  flags: [
    { name: 'session', value: 'ID', help: 'the session whose log the key signs' },
    { name: 'name', value: 'ORIGIN', help: 'the origin of the log itself, when it is not that of a session' },
    ...PUBLIC_KEY_FLAGS,
    ...PRIVATE_KEY_FLAGS,
  ],
  examples: [
    'keys vkey --session s1 --public-key ./keys/gait_public.key',
    'keys vkey --name example.com/log --private-key-env GAIT_KEY',
  ],
  async run({ args, io }) {
    const { formatVkey, noteKey, resolveVerifyKey, sha256Hex } = await import('../../src/index.js');
    const publicKey = resolveVerifyKey(keySources(args), { env: io.env });
    if (publicKey === undefined) {
      throw new GaitError('INVALID_ARGUMENT', 'public key not configured', {
        hint: 'name it with --public-key or --public-key-env; a private key will do as well',
        details: { flag: 'public-key' },
      });
    }
    const key = noteKey(await logOrigin(args), publicKey);
    const vkey = formatVkey(key);
    return { json: { ok: true, vkey, name: key.name, key_id: sha256Hex(publicKey) }, text: [vkey] };
  },
};

/** The name of the log, which a note key has as well. */
async function logOrigin(args: Arguments): Promise<string> {
  const [session, name] = [args.text('session'), args.text('name')];
  if ((session === undefined) === (name === undefined)) {
    throw new GaitError('INVALID_ARGUMENT', 'the log is named by --session or by --name, one of the two', {
      hint: 'a vkey is good for one log: name the session that the key signs',
      details: { flag: 'session' },
    });
  }
  if (name !== undefined) return name;
  const { sessionOrigin } = await import('../../src/index.js');
  return sessionOrigin(session ?? '');
}

function keyFileOptions(args: Arguments): KeyFileOptions {
  return { outDir: args.text('out-dir'), prefix: args.text('prefix') };
}

function describeFiles(operation: string, { prefix, keyId, privateKeyPath, publicKeyPath }: KeyFiles): Outcome {
  const fields = { key_id: keyId, private_key_path: privateKeyPath, public_key_path: publicKeyPath };
  return { json: { ok: true, prefix, ...fields }, text: [`keys ${operation}: ${pairs({ prefix, ...fields })}`] };
}
