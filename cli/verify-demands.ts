/** What a verifying command insists on: the keys, the profile, whether there has to be a signature. */
import type { VerifyOptions } from '../src/index.js';
import type { Arguments, Flag } from './flags.js';
import type { Io } from './io.js';
import { VERIFY_KEY_FLAGS, verifyKeys } from './verify-keys.js';

export const DEMAND_FLAGS: readonly Flag[] = [
  {
    name: 'profile',
    value: 'NAME',
    help: 'standard (default), or strict: everything signed by a given key, every line linked',
  },
  { name: 'require-signature', help: 'fail unless a signature of a given key verifies' },
  ...VERIFY_KEY_FLAGS,
];

/** Loads the keys. Whether the profile is known, and has the key that it needs, is the library's to say. */
export async function verifyDemands(args: Arguments, io: Io): Promise<VerifyOptions> {
  const profile = args.text('profile');
  return {
    env: io.env,
    publicKeys: await verifyKeys(args, io),
    requireSignature: args.has('require-signature'),
    // From the command line it may be any word.
    ...(profile === undefined ? {} : { profile: profile as 'standard' | 'strict' }),
  };
}
