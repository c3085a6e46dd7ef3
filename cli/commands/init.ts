import { GaitError, isGaitError } from '../../src/errors.js';
import type { Command, Outcome } from '../command.js';
import { didYouMean } from '../suggest.js';
import { DEFAULT_ROOT, ROOT_FLAG } from '../target.js';
import { clean, table } from '../text.js';

const DEFAULT_CONFIG = '.gait/config.yaml';
const DEFAULT_KEYS = 'gait-out/keys';

/** One thing that has to be there. */
interface Item {
  readonly item: 'config' | 'keys' | 'root';
  readonly path: string;
  readonly action: 'created' | 'kept';
}

/** `gait init`: a configuration, a key pair, a folder for sessions. What is there already stays as it is. */
export const init: Command = {
  flags: [
    ROOT_FLAG,
    { name: 'config', value: 'FILE', help: `the configuration (default ${DEFAULT_CONFIG})` },
    { name: 'out-dir', value: 'DIR', help: `folder of the keys (default ${DEFAULT_KEYS})` },
    { name: 'profile', value: 'NAME', help: 'retention profile to put in force: short, medium, long or regulated' },
  ],
  examples: ['init', 'init --root ./sessions --profile medium --json'],
  async run({ args, echo }) {
    const [root, config, keys] = [
      args.text('root') ?? DEFAULT_ROOT,
      args.text('config') ?? DEFAULT_CONFIG,
      args.text('out-dir') ?? DEFAULT_KEYS,
    ];
    const profile = args.text('profile');
    await requireBuiltIn(profile);
    const items: Item[] = [];
    echo['items'] = items;
    const { createFile, makeFolder } = await import('../files.js');
    const { configText } = await import('../init-config.js');
    const text = configText(profile);
    const isConfigNew = await createFile(config, text);
    items.push({ item: 'config', path: config, action: isConfigNew ? 'created' : 'kept' });
    items.push({ item: 'keys', ...(await makeKeys(keys)) });
    items.push({ item: 'root', path: root, action: (await makeFolder(root)) ? 'created' : 'kept' });
    return { json: { ok: true }, ...describe(items, { root, keys }) };
  },
};

/** A new configuration has no profiles of its own. */
async function requireBuiltIn(profile: string | undefined): Promise<void> {
  if (profile === undefined) return;
  const { describePolicy } = await import('../../src/index.js');
  const names = describePolicy().profiles.map(({ name }) => name);
  if (names.includes(profile)) return;
  throw new GaitError('INVALID_ARGUMENT', `no profile is called ${JSON.stringify(profile)}`, {
    hint: didYouMean(profile, names) ?? `known: ${names.join(', ')}`,
    details: { flag: 'profile' },
  });
}

async function makeKeys(outDir: string): Promise<Pick<Item, 'path' | 'action'>> {
  const { initKeys } = await import('../../src/index.js');
  try {
    return { path: initKeys({ outDir }).privateKeyPath, action: 'created' };
  } catch (error) {
    if (isGaitError(error) && error.code === 'KEY_EXISTS') return { path: outDir, action: 'kept' };
    throw error;
  }
}

function describe(items: readonly Item[], at: { readonly root: string; readonly keys: string }): Pick<Outcome, 'text'> {
  const root = at.root === DEFAULT_ROOT ? '' : ` --root ${clean(at.root)}`;
  return {
    text: [
      ...table(items.map(({ item, path, action }) => [`init ${item}:`, action, clean(path)])),
      '',
      'Keep the private key out of version control, and give the public key to whoever will verify.',
      'Next:',
      `  gait run session start --session s1${root} --run-id run_1`,
      `  gait run session append --session s1${root} --tool fs.write --verdict allow`,
      `  gait run session checkpoint --session s1${root} --private-key ${clean(at.keys)}/gait_private.key`,
      `  gait verify --session s1${root} --public-key ${clean(at.keys)}/gait_public.key`,
      `  gait doctor${root}`,
    ],
  };
}
