/** Which sessions of a root name a profile of their own: for them the profile of the root is not the one in force. */
import { isGaitError } from '../errors.js';
import { listSessions, readJournal, type Environment } from '../journal/index.js';

/** Sessions directly under the root that name the same profile. A report, so its fields have their wire names. */
export interface OwnProfile {
  readonly profile: string;
  readonly sessions: number;
}

/**
 * The profiles that sessions of a root name themselves, in the order of their names. A journal that cannot be read names none:
 * it is kept anyway.
 *
 * @throws GaitError IO_ERROR when the root cannot be listed
 */
export async function listOwnProfiles(root: string, environment: Environment = {}): Promise<OwnProfile[]> {
  const counts = new Map<string, number>();
  for await (const { path } of listSessions(root, environment)) {
    const profile = await ownProfile(path, environment);
    if (profile !== undefined) counts.set(profile, (counts.get(profile) ?? 0) + 1);
  }
  return [...counts]
    .map(([profile, sessions]) => ({ profile, sessions }))
    .sort((a, b) => (a.profile < b.profile ? -1 : 1));
}

async function ownProfile(path: string, environment: Environment): Promise<string | undefined> {
  try {
    for await (const line of readJournal(path, environment)) {
      return line.recordType === 'header' ? line.header.retention_profile : undefined;
    }
  } catch (error) {
    if (!isGaitError(error)) throw error;
  }
  return undefined;
}
