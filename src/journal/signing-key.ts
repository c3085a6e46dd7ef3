/** Which key signs, and which one verifies, given what the caller named. */
import { GaitError } from '../errors.js';
import { keyId, type KeyPair } from '../sign/index.js';
import { newKeyPair } from './key-files.js';
import { describeSource, isGiven, loadPrivateKey, loadPublicKey, type KeySource } from './key-source.js';
import type { Environment } from './environment.js';

/** `dev`: a key made for this one call and then forgotten. `prod`: a key that the caller keeps. */
export type KeyMode = 'dev' | 'prod';

/** Where the halves of a key pair are. */
export interface KeySources {
  readonly privateKey?: KeySource | undefined;
  readonly publicKey?: KeySource | undefined;
}

/** What signs. */
export interface SigningKey {
  readonly pair: KeyPair;
  /** What the caller has to be told about this key. */
  readonly warnings: readonly string[];
}

/** What {@link verifyKeyPair} found. */
export interface KeyPairReport {
  /** Hex SHA-256 of the public key. */
  readonly keyId: string;
  /** `path:FILE` or `env:NAME`. */
  readonly privateKeySource: string;
  /** Likewise, `vkey:TEXT`, or `derived` from the private key. */
  readonly publicKeySource: string;
}

const DEV_WARNING = 'dev mode: ephemeral keypair generated; signatures will not verify across machines';

/**
 * The key to sign with; undefined when the caller named neither a mode nor a key, and nothing is to be signed. A key
 * without a mode means `prod`.
 *
 * @throws GaitError INVALID_ARGUMENT for an unknown mode, a source in dev mode or none in prod mode; INVALID_KEY also when
 * a public key is given that does not belong to the private one; else as {@link loadPrivateKey} does
 */
export function resolveSigningKey(
  options: KeySources & { readonly mode?: KeyMode | undefined },
  environment: Environment = {},
): SigningKey | undefined {
  const isKeyGiven = isGiven(options.privateKey) || isGiven(options.publicKey);
  const mode = options.mode ?? (isKeyGiven ? 'prod' : undefined);
  switch (mode) {
    case undefined:
      return undefined;
    case 'dev':
      if (isKeyGiven) throw invalid('dev mode does not accept explicit key sources', mode);
      return { pair: newKeyPair(environment), warnings: [DEV_WARNING] };
    case 'prod':
      if (!isGiven(options.privateKey)) throw invalid('prod mode requires a private key source', mode);
      return { pair: loadMatchingPair(options, options.privateKey, environment), warnings: [] };
    default:
      // From JavaScript, or a flag.
      throw invalid(`the key mode is dev or prod, not ${JSON.stringify(mode)}`, mode);
  }
}

/**
 * The 32 bytes of the public key to verify with: the public source, else derived from the private one; undefined when
 * neither was given. Throws as {@link loadPublicKey} and {@link loadPrivateKey} do.
 */
export function resolveVerifyKey(sources: KeySources, environment: Environment = {}): Buffer | undefined {
  if (isGiven(sources.publicKey)) return loadPublicKey(sources.publicKey, environment);
  return isGiven(sources.privateKey) ? loadPrivateKey(sources.privateKey, environment).publicKey : undefined;
}

/**
 * Whether a private key can be used, and belongs to the public key, if one was given.
 *
 * @throws GaitError INVALID_KEY when they do not belong together; else as {@link loadPrivateKey} does
 */
export function verifyKeyPair(sources: KeySources, environment: Environment = {}): KeyPairReport {
  const { privateKey = {}, publicKey } = sources;
  const pair = loadMatchingPair(sources, privateKey, environment);
  return {
    keyId: keyId(pair.publicKey),
    privateKeySource: describeSource(privateKey),
    publicKeySource: isGiven(publicKey) ? describeSource(publicKey) : 'derived',
  };
}

function loadMatchingPair({ publicKey }: KeySources, privateKey: KeySource, environment: Environment): KeyPair {
  const pair = loadPrivateKey(privateKey, environment);
  if (!isGiven(publicKey) || loadPublicKey(publicKey, environment).equals(pair.publicKey)) return pair;
  throw new GaitError('INVALID_KEY', 'public key does not match private key', {
    hint: 'give both halves of one pair, or the private key alone',
    details: {
      kind: 'public',
      reason: 'mismatch',
      expected: describeSource(privateKey),
      found: describeSource(publicKey),
    },
  });
}

function invalid(message: string, mode: unknown): GaitError {
  return new GaitError('INVALID_ARGUMENT', message, { details: { option: 'mode', found: mode } });
}
