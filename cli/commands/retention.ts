/** `gait retention`: which profiles there are, which is in force, and putting one in force. */
import { GaitError } from '../../src/errors.js';
import type { Command } from '../command.js';
import type { Arguments, Flag } from '../flags.js';

const CONFIG_FLAG: Flag = {
  name: 'config',
  value: 'FILE',
  help: 'configuration to read (default .gait/config.yaml, which need not be there)',
};

export const retentionProfiles: Command = {
  flags: [CONFIG_FLAG],
  examples: ['retention profiles', 'retention profiles --json'],
  async run({ args, io }) {
    const { describePolicy } = await import('../../src/index.js');
    const { profileTable } = await import('../retention-text.js');
    const { profiles } = describePolicy(configOf(args), { env: io.env });
    return { json: { ok: true, profiles }, text: profileTable(profiles) };
  },
};

export const retentionShow: Command = {
  flags: [
    CONFIG_FLAG,
    { name: 'profile', value: 'NAME', help: 'show what would be in force with --profile NAME' },
    { name: 'root', value: 'DIR', help: 'also say which sessions there have a profile of their own' },
  ],
  examples: ['retention show', 'retention show --profile regulated --json'],
  async run({ args, io, echo }) {
    const { describePolicy, listOwnProfiles } = await import('../../src/index.js');
    const { ownProfileText, policyText } = await import('../retention-text.js');
    const [profile, root] = [args.text('profile'), args.text('root')];
    if (root !== undefined) echo['root'] = root;
    const report = describePolicy(
      { ...configOf(args), ...(profile === undefined ? {} : { profile }) },
      { env: io.env },
    );
    const own = root === undefined ? undefined : await listOwnProfiles(root, { env: io.env });
    return {
      json: { ok: true, ...report, ...(own === undefined ? {} : { own_profiles: own }) },
      text: [...policyText(report), ...(own === undefined ? [] : ownProfileText(root ?? '', own))],
    };
  },
};

export const retentionSet: Command = {
  flags: [CONFIG_FLAG],
  positionals: ['NAME'],
  examples: ['retention set medium', 'retention set none'],
  async run({ args, io }) {
    const { setRetentionProfile } = await import('../../src/index.js');
    const { policyText } = await import('../retention-text.js');
    const report = setRetentionProfile(nameOf(args), { ...configOf(args), env: io.env });
    return { json: { ok: true, ...report }, text: policyText(report) };
  },
};

function nameOf(args: Arguments): string {
  const [name] = args.positionals;
  if (name !== undefined && name.trim() !== '') return name.trim();
  throw new GaitError('INVALID_ARGUMENT', 'no profile is named', {
    hint: 'write gait retention set NAME; gait retention profiles lists them',
  });
}

function configOf(args: Arguments): { readonly config?: string } {
  const config = args.text('config');
  return config === undefined ? {} : { config };
}
