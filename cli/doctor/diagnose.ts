/** All checks, in the order a person would look: the machine, the disk, the configuration, the keys, the journals. */
import { isGaitError } from '../../src/errors.js';
import type { Check, Finding } from './check.js';
import { configChecks } from './config-checks.js';
import { diskChecks } from './disk-checks.js';
import { journalChecks } from './journal-checks.js';
import { keyChecks } from './key-checks.js';
import { machineChecks } from './machine-checks.js';
import type { Patient } from './machine.js';

/** Of findings with the same name and status, this many are listed. */
const MAX_ALIKE = 20;

/** Changes nothing; what a disk probe writes, it removes. */
export async function diagnose(patient: Patient): Promise<Finding[]> {
  return atMost([
    ...machineChecks(patient),
    ...diskChecks(patient),
    ...(await configChecks(patient)),
    ...keyChecks(patient),
    ...(await journalChecks(patient)),
  ]);
}

/**
 * Does what is safe to do unasked, one finding after the other.
 *
 * @returns the findings, those that were cured marked; one that cannot be cured says why
 */
export async function cure(findings: readonly Finding[]): Promise<Check[]> {
  const after: Check[] = [];
  for (const { cure: heal, ...check } of findings) {
    if (heal === undefined || check.status === 'pass') {
      after.push(check);
      continue;
    }
    try {
      after.push({ ...check, status: 'pass', message: `${check.message}; fixed: ${await heal()}`, fixed: true });
    } catch (error) {
      if (!isGaitError(error)) throw error;
      after.push({ ...check, message: `${check.message}; not fixed: ${error.message}` });
    }
  }
  return after;
}

function atMost(findings: readonly Finding[]): Finding[] {
  const counts = new Map<string, number>();
  const kept: Finding[] = [];
  for (const finding of findings) {
    const kind = `${finding.name} ${finding.status}`;
    const n = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, n);
    if (n <= MAX_ALIKE) kept.push(finding);
  }
  for (const [kind, n] of counts) {
    if (n <= MAX_ALIKE) continue;
    const last = kept.findLastIndex(({ name, status }) => `${name} ${status}` === kind);
    const alike = kept[last];
    if (alike !== undefined) kept.splice(last + 1, 0, { ...alike, message: `and ${n - MAX_ALIKE} more like it` });
  }
  return kept;
}
