/** Makes keys: the first pair of a folder, and later ones beside it. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { GaitError } from '../errors.js';
import { keyId, keyPairFromSeed, type KeyPair } from '../sign/index.js';
import { checkId } from './event-fields.js';
import { writeKeyPair, type KeyPaths } from './key-pair-writer.js';
import { whyNoFileName } from './session-path.js';
import { refuseUnknown, resolveWorld, type World } from './settings.js';
import type { Environment } from './environment.js';

/** What {@link rotateKeys} takes. */
export interface KeyFileOptions extends Environment {
  /** Folder of the key files, made when missing. */
  readonly outDir?: string | undefined;
  /** The files are `<prefix>_private.key` and `<prefix>_public.key`. */
  readonly prefix?: string | undefined;
}

/** What {@link initKeys} takes. */
export interface InitKeysOptions extends KeyFileOptions {
  /** Replaces a key that is there: what it signed can still be verified, but it cannot sign any more. */
  readonly force?: boolean | undefined;
}

/** A key pair on the disk. */
export interface KeyFiles extends KeyPaths {
  readonly prefix: string;
  /** Hex SHA-256 of the public key. */
  readonly keyId: string;
}

/** Where keys go unless the caller says otherwise, as for the Go tool. */
const KEY_FILE_DEFAULTS: Readonly<Record<'outDir' | 'prefix', string>> = {
  outDir: 'gait-out/keys',
  prefix: 'gait',
};

const SEED_BYTES = 32;

/** More rotations than this in one second are no rotations. */
const MAX_SUFFIX = 1_000;

interface Target {
  readonly world: World;
  readonly outDir: string;
  readonly prefix: string;
}

/** A new key pair from the environment's randomness. Throws INVALID_ARGUMENT when that gives too few bytes. */
export function newKeyPair(environment: Environment): KeyPair {
  return keyPairFromSeed((environment.randomBytes ?? randomBytes)(SEED_BYTES));
}

/**
 * Writes a new key pair, durable, readable by its owner alone.
 *
 * @throws GaitError KEY_EXISTS, INVALID_ARGUMENT (an unknown option, a prefix that is no file name), DISK_FULL, IO_ERROR
 */
export function initKeys(options: InitKeysOptions = {}): KeyFiles {
  refuseUnknown(options, ['outDir', 'prefix', 'force']);
  return writeKeys(resolveTarget(options), '', newKeyPair(options), options.force ?? false);
}

/**
 * Writes a new key pair beside the old ones, as `<prefix>_<UTC time, 20060102T150405Z>`; a second one in the same second
 * gets `_2` behind that. Nothing is ever overwritten: old keys are needed to verify old evidence.
 *
 * @throws GaitError INVALID_ARGUMENT, DISK_FULL, IO_ERROR; KEY_EXISTS after a thousand rotations in one second
 */
export function rotateKeys(options: KeyFileOptions = {}): KeyFiles {
  refuseUnknown(options, ['outDir', 'prefix']);
  const target = resolveTarget(options);
  const pair = newKeyPair(options);
  const stamp = new Date(target.world.clock()).toISOString().replace(/[-:]|\.\d+/g, '');
  for (let n = 1; ; n++) {
    try {
      return writeKeys(target, n === 1 ? `_${stamp}` : `_${stamp}_${n}`, pair, false);
    } catch (error) {
      const isTaken = error instanceof GaitError && error.code === 'KEY_EXISTS';
      if (!isTaken || n === MAX_SUFFIX) throw error;
    }
  }
}

function resolveTarget(options: KeyFileOptions): Target {
  const { outDir = KEY_FILE_DEFAULTS.outDir, prefix = KEY_FILE_DEFAULTS.prefix } = options;
  const name = checkId(prefix, 'prefix', 'INVALID_ARGUMENT');
  const reason = whyNoFileName(name);
  if (reason !== undefined) {
    throw new GaitError('INVALID_ARGUMENT', `the prefix ${JSON.stringify(name)} cannot begin a file name: ${reason}`, {
      hint: 'name the folder with outDir (--out-dir), the files in it with a plain prefix',
      details: { field: 'prefix', found: name },
    });
  }
  return { world: resolveWorld(options), outDir: checkId(outDir, 'out-dir', 'INVALID_ARGUMENT'), prefix: name };
}

function writeKeys({ world, outDir, prefix }: Target, suffix: string, pair: KeyPair, force: boolean): KeyFiles {
  const name = `${prefix}${suffix}`;
  const paths = {
    privateKeyPath: join(outDir, `${name}_private.key`),
    publicKeyPath: join(outDir, `${name}_public.key`),
  };
  writeKeyPair(world, paths, pair, force);
  return { prefix: name, keyId: keyId(pair.publicKey), ...paths };
}
