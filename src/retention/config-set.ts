/** Puts a profile in force by changing one value of the configuration, and leaving the rest, comments included, alone. */
import { replaceTextFile, type Environment } from '../journal/index.js';
import { withProfile } from './config-edit.js';
import { DEFAULT_CONFIG_PATH, parseRetentionConfig, readConfigText } from './config.js';
import { ConfigDocument } from './config-yaml.js';
import { allProfiles, describePolicy, requireKnown, type PolicyReport } from './policy.js';

export interface SetProfileOptions extends Environment {
  /** The configuration file; `.gait/config.yaml` by default. It is made when it is not there. */
  readonly config?: string;
}

/**
 * Writes `retention.profile`, whole or not at all. Nothing is written when nothing changes.
 *
 * @param profile one that is known, or `none`
 * @returns what is in force afterwards
 * @throws GaitError INVALID_ARGUMENT for a profile that is not known; INVALID_CONFIG when the file is wrong as it is;
 * INVALID_PATH, DISK_FULL, IO_ERROR
 */
export function setRetentionProfile(profile: string, options: SetProfileOptions = {}): PolicyReport {
  const { config: given, ...environment } = options;
  const path = given ?? DEFAULT_CONFIG_PATH;
  const text = readConfigText(path, environment) ?? '';
  const before = parseRetentionConfig(text, path);
  requireKnown(profile, allProfiles(before));
  if (before.choice?.name !== profile || before.choice.isImplied) {
    const document = new ConfigDocument(text, path);
    const changed = withProfile(text, document, profile);
    // Held to the strict reader before it is written: what cannot be read again must not take the place of what can.
    if (parseRetentionConfig(changed, path).choice?.name !== profile) {
      throw document.error('retention', 1, 'cannot be edited as it is written; set retention.profile by hand');
    }
    replaceTextFile(path, changed, environment);
  }
  return describePolicy({ config: path }, environment);
}
