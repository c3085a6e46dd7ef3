/** The flags that say where keys are, shared by all commands that sign or verify. */
import type { KeySources } from '../src/index.js';
import type { Arguments, Flag } from './flags.js';

export const PRIVATE_KEY_FLAGS: readonly Flag[] = [
  { name: 'private-key', value: 'FILE', help: 'file with the private key' },
  { name: 'private-key-env', value: 'NAME', help: 'environment variable with the private key' },
];

export const PUBLIC_KEY_FLAGS: readonly Flag[] = [
  { name: 'public-key', value: 'FILE|VKEY', help: 'file with the public key, or a C2SP vkey' },
  { name: 'public-key-env', value: 'NAME', help: 'environment variable with the public key' },
];

/** What the flags name; whether it is there, and not twice, is the library's to say. */
export function keySources(args: Arguments): KeySources {
  return {
    privateKey: { path: args.text('private-key'), env: args.text('private-key-env') },
    publicKey: { path: args.text('public-key'), env: args.text('public-key-env') },
  };
}
