/** Node, the kernel lock, the clock, the environment. */
import { fail, pass, severe, shellWord, warn, type Finding } from './check.js';
import type { Patient } from './machine.js';

const OLDEST_NODE: readonly [major: number, minor: number] = [20, 19];

/** No clock that is right shows less. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

const LOCK_VARIABLES = [
  'GAIT_SESSION_LOCK_TIMEOUT',
  'GAIT_SESSION_LOCK_RETRY',
  'GAIT_SESSION_LOCK_STALE_AFTER',
] as const;
const LOCK_PROFILES = ['standard', 'swarm'];

/** What the engine takes as a duration; another value it takes for none. */
const DURATION = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;

export function machineChecks(patient: Patient): Finding[] {
  return [nodeVersion(patient), kernelLock(patient), clock(patient), temporaryFolder(patient), lockVariables(patient)];
}

function nodeVersion({ machine: { nodeVersion: version } }: Patient): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [wantedMajor, wantedMinor] = OLDEST_NODE;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return pass('node', `Node.js ${version}`);
  const wanted = OLDEST_NODE.join('.');
  return fail('node', `Node.js ${version} is too old: gait needs ${wanted} or newer`, {
    fix_command: `install Node.js ${wanted} or newer`,
    non_fixable: true,
  });
}

function kernelLock({ machine, root, isProduction }: Patient): Finding {
  const addonFault = machine.kernelLockFault();
  const fault = addonFault ?? machine.kernelLockFault(root);
  if (fault === undefined) return pass('kernel_lock', 'writers of this host are kept apart by the kernel');
  const cure =
    addonFault === undefined ? 'keep the sessions on a local disk: --root DIR' : 'npm install fs-native-extensions';
  return severe(isProduction)(
    'kernel_lock',
    `no kernel lock (${fault}): writers are kept apart by the lock directory alone, which a process that is stopped for ten seconds can lose`,
    { fix_command: cure, ...(isProduction ? { non_fixable: true } : {}) },
  );
}

function clock({ machine }: Patient): Finding {
  const nowMs = machine.now();
  const time = new Date(nowMs).toISOString();
  if (nowMs >= EARLIEST_MS) return pass('clock', `the clock says ${time}`);
  return fail('clock', `the clock says ${time}, which cannot be: every event would be dated wrong for good`, {
    fix_command: 'timedatectl set-ntp true',
  });
}

function temporaryFolder({ machine }: Patient): Finding {
  const path = machine.tempFolder;
  try {
    machine.tryWrite(path);
    return pass('temp_dir', `${path} can be written to`, { path });
  } catch (error) {
    return warn('temp_dir', `gait demo needs it: ${messageOf(error)}`, {
      path,
      fix_command: 'export TMPDIR="$HOME/tmp" && mkdir -p "$TMPDIR"',
    });
  }
}

/** The Go tool takes a value that it cannot read for none, and says nothing; so does the engine. Here it is said. */
function lockVariables({ env }: Patient): Finding {
  const wrong = [
    ...LOCK_VARIABLES.filter((name) => isSet(env[name]) && !DURATION.test(env[name]?.trim() ?? '')),
    ...(isSet(env['GAIT_SESSION_LOCK_PROFILE']) &&
    !LOCK_PROFILES.includes(env['GAIT_SESSION_LOCK_PROFILE']?.trim().toLowerCase() ?? '')
      ? ['GAIT_SESSION_LOCK_PROFILE']
      : []),
  ];
  const [first] = wrong;
  if (first === undefined) return pass('environment', 'every GAIT_ variable can be read');
  return warn(
    'environment',
    `${wrong.map((name) => `${name}=${shellWord(env[name] ?? '')}`).join(', ')} cannot be read and is ignored; see gait help environment`,
    { fix_command: `unset ${wrong.join(' ')}` },
  );
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value.trim() !== '';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
