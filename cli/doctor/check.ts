/** What one check of `gait doctor` says, and what all of them come to. Pure. */
import { EXIT_CODES, EXIT_OK } from '../exit-codes.js';
import { DEFAULT_ROOT } from '../target.js';

export type CheckStatus = 'pass' | 'warn' | 'fail';

export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found, and why it matters. */
  readonly message: string;
  /** What to type. */
  readonly fix_command?: string;
  /** No command of gait can cure it. */
  readonly non_fixable?: true;
  /** The file or folder that it is about. */
  readonly path?: string;
  /** Set by `--fix` on what it has cured. */
  readonly fixed?: true;
}

/** A cure that changes no evidence: `--fix` may do it by itself. */
export interface Finding extends Check {
  /** Returns what was done. Throws GaitError when it cannot be. */
  readonly cure?: () => Promise<string> | string;
}

export interface DoctorReport {
  readonly ok: boolean;
  readonly schema_id: 'gait.doctor.result';
  readonly schema_version: '1.0.0';
  readonly created_at: string;
  readonly producer_version: string;
  readonly status: CheckStatus;
  readonly non_fixable: boolean;
  readonly summary: string;
  /** Of all checks, sorted, each once. */
  readonly fix_commands: readonly string[];
  readonly checks: readonly Check[];
}

export function pass(name: string, message: string, more: Partial<Finding> = {}): Finding {
  return { name, status: 'pass', message, ...more };
}

export function warn(name: string, message: string, more: Partial<Finding> = {}): Finding {
  return { name, status: 'warn', message, ...more };
}

export function fail(name: string, message: string, more: Partial<Finding> = {}): Finding {
  return { name, status: 'fail', message, ...more };
}

/** What is a warning while developing and no longer tolerable in production. */
export function severe(isProduction: boolean): typeof warn {
  return isProduction ? fail : warn;
}

export function summarize(
  checks: readonly Check[],
  facts: { readonly at: string; readonly version: string },
): DoctorReport {
  const failed = checks.filter(({ status }) => status === 'fail');
  const warned = checks.filter(({ status }) => status === 'warn');
  const status = failed.length > 0 ? 'fail' : warned.length > 0 ? 'warn' : 'pass';
  const nonFixable = failed.some(({ non_fixable: isLost }) => isLost === true);
  const commands = checks.flatMap(({ fix_command: command, fixed }) =>
    command === undefined || fixed === true ? [] : [command],
  );
  return {
    ok: status !== 'fail',
    schema_id: 'gait.doctor.result',
    schema_version: '1.0.0',
    created_at: facts.at,
    producer_version: facts.version,
    status,
    non_fixable: nonFixable,
    summary: `doctor: status=${status} failed=${failed.length} warned=${warned.length} non_fixable=${nonFixable}`,
    fix_commands: [...new Set(commands)].toSorted(),
    checks,
  };
}

/** As the Go tool: what no command cures is 7; otherwise a failure counts only where readiness was asked for. */
export function doctorExit({ status, non_fixable: nonFixable }: DoctorReport, isProduction: boolean): number {
  if (nonFixable) return EXIT_CODES.dependency_missing;
  return isProduction && status === 'fail' ? EXIT_CODES.verification_failed : EXIT_OK;
}

/** What cures the sessions of the root that is looked at unless `--root` says otherwise. */
export const FIX_COMMAND = 'gait doctor --fix';

/** The same for any root: a command that is typed as it is printed must not cure another one. */
export function fixCommandFor(root: string): string {
  return root === DEFAULT_ROOT ? FIX_COMMAND : `gait doctor --root ${shellWord(root)} --fix`;
}

/** A word for a shell, quoted only where it has to be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
