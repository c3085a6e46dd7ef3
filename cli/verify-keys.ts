/** The public keys that a command verifies with: of several evidence was signed by, any one will do. */
import type { Arguments, Flag } from './flags.js';
import type { Io } from './io.js';
import { keySources, PRIVATE_KEY_FLAGS, PUBLIC_KEY_FLAGS } from './key-flags.js';

/** `--public-key` may be repeated; a private key stands in where there is no public one. */
export const VERIFY_KEY_FLAGS: readonly Flag[] = [
  ...PUBLIC_KEY_FLAGS.map((flag) =>
    flag.name === 'public-key' ? { ...flag, help: `${flag.help}; repeatable` } : flag,
  ),
  ...PRIVATE_KEY_FLAGS,
];

/** Loads them all; none when no flag names one. Throws as loadPublicKey and loadPrivateKey do. */
export async function verifyKeys(args: Arguments, { env }: Io): Promise<readonly Uint8Array[]> {
  const { loadPublicKey, resolveVerifyKey } = await import('../src/index.js');
  const paths = args.texts('public-key');
  const variable = args.text('public-key-env');
  if (paths.length > 0) return paths.map((path) => loadPublicKey({ path, env: variable }, { env }));
  const key = resolveVerifyKey(keySources(args), { env });
  return key === undefined ? [] : [key];
}
