/** Retention profiles as people read them. Pure. */
import { formatDurationMs, type ListedProfile, type OwnProfile, type PolicyReport } from '../src/index.js';
import { byteSize, clean, count, table } from './text.js';

const HEADINGS = ['PROFILE', 'KIND', 'MAX AGE', 'MAX COUNT', 'MAX BYTES', 'KEEP LAST', 'MIN AGE', 'FROM'];

/** Every rule of every profile, a line each. */
export function profileTable(profiles: readonly ListedProfile[]): string[] {
  return table([HEADINGS, ...profiles.flatMap(rowsOf)]);
}

/** What is in force, who says so, and what that means. */
export function policyText(report: PolicyReport): string[] {
  const { profile } = report;
  if (profile === undefined) {
    const lines = [`no profile is in force (${chosenBy(report)}): nothing is pruned`];
    return report.chosen_by === 'nobody' ? [...lines, 'choose one: gait retention set NAME'] : lines;
  }
  return [`profile ${clean(profile.name)} is in force (${chosenBy(report)})`, ...profileTable([profile])];
}

/** For which sessions that is not what counts. */
export function ownProfileText(root: string, own: readonly OwnProfile[]): string[] {
  if (own.length === 0) return [`no session of ${clean(root)} has a profile of its own`];
  const parts = own.map(({ profile, sessions }) => `${clean(profile)} (${count(sessions, 'session')})`);
  return [`sessions of ${clean(root)} with a profile of their own: ${parts.join(', ')}`];
}

function chosenBy({ chosen_by, config_path, config_line }: PolicyReport): string {
  switch (chosen_by) {
    case 'caller':
      return 'named by --profile';
    case 'config':
      return `${clean(config_path)}:${config_line ?? 1}`;
    case 'nobody':
      return config_path === undefined ? 'there is no configuration' : `${clean(config_path)} names none`;
  }
}

function rowsOf({ name, rules, source, path, line }: ListedProfile): string[][] {
  const from = source === 'built_in' ? 'built in' : `${clean(path)}:${line ?? 1}`;
  const rows = Object.entries(rules).map(([kind, rule]) => [
    clean(name),
    kind,
    rule.max_age_ms === undefined ? 'unlimited' : formatDurationMs(rule.max_age_ms),
    rule.max_count === undefined ? 'unlimited' : String(rule.max_count),
    rule.max_bytes === undefined ? 'unlimited' : byteSize(rule.max_bytes),
    rule.keep_last === undefined ? '-' : String(rule.keep_last),
    rule.min_age_ms === undefined ? '-' : formatDurationMs(rule.min_age_ms),
    from,
  ]);
  return rows.length > 0 ? rows : [[clean(name), 'nothing', '-', '-', '-', '-', '-', from]];
}
