/** The configuration: is it there, can it be read, what does it ask for. */
import { severe, pass, type Finding } from './check.js';
import type { Patient } from './machine.js';

export async function configChecks({ machine, configPath, isProduction }: Patient): Promise<Finding[]> {
  const at = { path: configPath };
  if (machine.look(configPath).kind === 'missing') {
    return await Promise.resolve([
      severe(isProduction)('config', `${configPath} is not there: no retention profile is set`, {
        ...at,
        fix_command: 'gait init',
      }),
    ]);
  }
  return [pass('config', `${configPath} can be read`, at)];
}
