/** The configuration, the retention that it puts in force, and the holds that stand against it. */
import { isGaitError } from '../../src/errors.js';
import { describePolicy, isInForce, listHolds } from '../../src/index.js';
import { clean, count } from '../text.js';
import { fail, pass, severe, shellWord, type Finding } from './check.js';
import type { Patient } from './machine.js';
import { messageOf } from './machine-checks.js';

export async function configChecks(patient: Patient): Promise<Finding[]> {
  return [...policyChecks(patient), ...(await holdChecks(patient))];
}

function policyChecks({ machine, configPath, isConfigGiven, isProduction, env }: Patient): Finding[] {
  const at = { path: configPath };
  if (machine.look(configPath).kind === 'missing') {
    const say = isConfigGiven ? fail : severe(isProduction);
    return [
      say('config', `${configPath} is not there: no retention profile is set`, {
        ...at,
        fix_command: isConfigGiven ? `gait init --config ${shellWord(configPath)}` : 'gait init',
      }),
    ];
  }
  let policy: ReturnType<typeof describePolicy>;
  try {
    policy = describePolicy({ config: configPath }, { env });
  } catch (error) {
    if (!isGaitError(error)) throw error;
    const line = error.details['line'];
    const place = typeof line === 'number' ? `+${line} ` : '';
    const editor = `\${EDITOR:-vi} ${place}${shellWord(configPath)}`;
    return [
      fail('config', `${messageOf(error)}: nothing is pruned before that is mended`, { ...at, fix_command: editor }),
    ];
  }
  return [
    pass('config', `${configPath} can be read`, at),
    retention(policy, { configPath, isConfigGiven, isProduction }),
  ];
}

function retention(
  { profile, chosen_by: chosenBy, config_line: line }: ReturnType<typeof describePolicy>,
  { configPath: path, isConfigGiven, isProduction }: Pick<Patient, 'configPath' | 'isConfigGiven' | 'isProduction'>,
): Finding {
  const place = line === undefined ? path : `${path}, line ${line}`;
  if (profile !== undefined) return pass('retention', `profile ${profile.name} is in force (${place})`, { path });
  if (chosenBy === 'config') return pass('retention', `nothing is ever pruned, as ${place} says`, { path });
  return severe(isProduction)('retention', 'no profile is in force: nothing is ever pruned, and the disk fills', {
    path,
    fix_command: `gait retention set medium${isConfigGiven ? ` --config ${shellWord(path)}` : ''}`,
  });
}

async function holdChecks({ machine, root, env }: Patient): Promise<Finding[]> {
  if (machine.look(root).kind !== 'folder') return [];
  try {
    const holds = (await listHolds(root, { env })).filter(isInForce);
    if (holds.length === 0) return [pass('holds', 'no session is held')];
    const named = holds.slice(0, 5).map(({ sessionId, reason }) => `${clean(sessionId)} (${clean(reason)})`);
    const more = holds.length > named.length ? `, and ${holds.length - named.length} more` : '';
    return [pass('holds', `${count(holds.length, 'hold')} in force: ${named.join(', ')}${more}`)];
  } catch (error) {
    if (!isGaitError(error)) throw error;
    return [
      fail('holds', `the ledger cannot be read, so nobody knows what is held: ${messageOf(error)}`, {
        path: root,
        fix_command: `gait verify --root ${shellWord(root)}`,
      }),
    ];
  }
}
