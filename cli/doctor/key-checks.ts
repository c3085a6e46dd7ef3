/** The key that signs: where it is, whether it can be used, who else can read it. */
import { isGaitError } from '../../src/errors.js';
import { loadPublicKey, verifyKeyPair, type KeySource, type KeySources } from '../../src/index.js';
import { fail, pass, severe, shellWord, type Finding } from './check.js';
import type { Patient } from './machine.js';
import { messageOf } from './machine-checks.js';

/** Where `gait keys init` puts them, as for the Go tool. */
const DEFAULT_KEYS: Readonly<Record<'private' | 'public', string>> = {
  private: 'gait-out/keys/gait_private.key',
  public: 'gait-out/keys/gait_public.key',
};

const SHARED_BITS = 0o077;

/** The keys to look at: those that flags name, else those of the usual folder, where there are any. */
export function keysToCheck({ keys, machine }: Patient): KeySources {
  if (isNamed(keys.privateKey) || isNamed(keys.publicKey)) return keys;
  const there = (path: string): KeySource | undefined => (machine.look(path).kind === 'missing' ? undefined : { path });
  return { privateKey: there(DEFAULT_KEYS.private), publicKey: there(DEFAULT_KEYS.public) };
}

export function keyChecks(patient: Patient): Finding[] {
  const twice = ambiguity(patient.keys);
  if (twice !== undefined) return [twice];
  const keys = keysToCheck(patient);
  return [keyPermissions(keys, patient), keyPair(keys, patient)].filter((finding) => finding !== undefined);
}

/** The public keys that journals are verified with; none when there is none that can be read. */
export function knownKeys(patient: Patient): readonly Uint8Array[] {
  const { publicKey } = keysToCheck(patient);
  if (!isNamed(publicKey)) return [];
  try {
    return [loadPublicKey(publicKey, { env: patient.env })];
  } catch (error) {
    if (isGaitError(error)) return []; // said by key_config
    throw error;
  }
}

/** What to type to seal a journal with the key that was named, or the usual one. */
export function sealCommand(path: string, patient: Patient): string {
  const key = keysToCheck(patient).privateKey?.path ?? DEFAULT_KEYS.private;
  return `gait run session checkpoint --journal ${shellWord(path)} --private-key ${shellWord(key)}`;
}

function ambiguity({ privateKey, publicKey }: KeySources): Finding | undefined {
  const twice = [...(hasBoth(privateKey) ? ['private'] : []), ...(hasBoth(publicKey) ? ['public'] : [])];
  if (twice.length === 0) return undefined;
  return fail('key_source_ambiguity', `the ${twice.join(' and the ')} key is named twice, by file and by variable`, {
    fix_command: `gait doctor --${twice[0]}-key FILE`,
  });
}

function keyPermissions({ privateKey }: KeySources, { machine }: Patient): Finding | undefined {
  const path = privateKey?.path;
  if (path === undefined) return undefined;
  const { kind, mode } = machine.look(path);
  if (kind !== 'file') return undefined;
  const spelled = mode.toString(8).padStart(4, '0');
  if ((mode & SHARED_BITS) === 0) return pass('key_permissions', `${path} is readable by its owner alone (${spelled})`);
  return fail(
    'key_permissions',
    `${path} can be read or changed by others (mode ${spelled}): it signs nothing until that is mended`,
    {
      path,
      fix_command: `chmod 600 ${shellWord(path)}`,
      cure: () => {
        machine.restrict(path);
        return `took the rights of others to ${path} away; if anybody else used this machine, rotate the key too: gait keys rotate`;
      },
    },
  );
}

function keyPair(keys: KeySources, { env, machine, isProduction }: Patient): Finding {
  if (!isNamed(keys.privateKey)) {
    const command = isNamed(keys.publicKey) ? 'gait doctor --private-key FILE' : 'gait keys init';
    return severe(isProduction)('key_config', 'no private key: checkpoints seal, but nobody signs them', {
      fix_command: command,
    });
  }
  try {
    const { keyId, publicKeySource } = verifyKeyPair(keys, { env });
    const half = publicKeySource === 'derived' ? 'the public half is not there; it can be derived' : 'both halves fit';
    return pass('key_config', `key ${keyId.slice(0, 16)}… can sign; ${half}`);
  } catch (error) {
    if (!isGaitError(error)) throw error;
    const path = keys.privateKey?.path;
    const shared = error.code === 'KEY_PERMISSIONS' && path !== undefined && machine.look(path).kind === 'file';
    return fail('key_config', messageOf(error), {
      fix_command: shared ? `chmod 600 ${shellWord(path)}` : 'gait keys rotate',
    });
  }
}

function hasBoth(source: KeySource | undefined): boolean {
  return (source?.path ?? '') !== '' && (source?.env ?? '') !== '';
}

function isNamed(source: KeySource | undefined): source is KeySource {
  return (source?.path ?? '') !== '' || (source?.env ?? '') !== '';
}
