import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Check, DoctorReport } from '../../cli/doctor/check.js';
import { doctorExit, shellWord, summarize } from '../../cli/doctor/check.js';
import { diagnose } from '../../cli/doctor/diagnose.js';
import { lockFindings } from '../../cli/doctor/journal-findings.js';
import type { DiskFacts, Machine, Patient, WriteProbe } from '../../cli/doctor/machine.js';
import { thisMachine } from '../../cli/doctor/this-machine.js';
import { GaitError } from '../../src/errors.js';
import { initKeys, openJournal, setHold, startSession, type JournalHealth, type LockFinding } from '../../src/index.js';
import { complaints, undeclaredKeys } from '../schemas/schema-files.js';
import { Workshop } from '../docs/workshop.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, snapshot } from './gait.js';

interface Ward {
  readonly root: string;
  readonly journal: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly flags: readonly string[];
}

/** A root with one signed session and its chain, a key pair and a configuration; nothing is wrong with it. */
async function healthy(): Promise<Ward> {
  const folder = tempDir();
  const root = join(folder, 'sessions');
  const { privateKeyPath, publicKeyPath } = initKeys({ outDir: join(folder, 'keys') });
  const config = join(folder, 'config.yaml');
  writeFileSync(config, 'retention:\n  profile: medium\n');
  const journal = join(root, 's1.jsonl');
  mkdirSync(root);
  await startSession(journal, { session_id: 's1', run_id: 'run_1' });
  const flags = ['--root', root, '--config', config, '--private-key', privateKeyPath, '--public-key', publicKeyPath];
  for (const args of [
    ['append', '--tool', 'fs.read', '--verdict', 'allow'],
    ['append', '--tool', 'fs.write', '--verdict', 'block'],
    ['checkpoint', '--private-key', privateKeyPath, '--out', join(root, 's1-1.zip')],
  ]) {
    const { code, stderr } = await gait(['run', 'session', ...args, '--journal', journal]);
    if (code !== 0) throw new Error(stderr);
  }
  return { root, journal, privateKey: privateKeyPath, publicKey: publicKeyPath, flags };
}

async function doctor(ward: Ward, ...more: readonly string[]): Promise<DoctorReport & { readonly code: number }> {
  const { code, json } = await gait(['doctor', ...ward.flags, ...more, '--json']);
  const { operation, correlation_id, ...report } = json;
  expect([operation, typeof correlation_id]).toEqual(['doctor', 'string']);
  expect(complaints('doctor-report', report)).toEqual([]);
  expect(undeclaredKeys('doctor-report', report)).toEqual([]);
  return { ...(report as unknown as DoctorReport), code };
}

function found(report: DoctorReport, name: string): Check {
  const check = report.checks.find((one) => one.name === name && one.status !== 'pass');
  if (check === undefined) throw new Error(`no ${name} in ${JSON.stringify(report.checks, null, 1)}`);
  return check;
}

/** On machines where a test runs, only these may be doubtful for reasons of the machine. */
const OF_THE_MACHINE = new Set(['file_system', 'sync_latency', 'kernel_lock', 'disk_space', 'inodes']);

describe('doctor', () => {
  test('finds nothing wrong where nothing is, and changes nothing', async () => {
    const ward = await healthy();
    const before = snapshot(ward.root);
    const report = await doctor(ward);
    const wrong = report.checks.filter(({ name, status }) => status !== 'pass' && !OF_THE_MACHINE.has(name));
    expect(wrong).toEqual([]);
    expect(report.code).toBe(0);
    expect(snapshot(ward.root)).toEqual(before);
  });

  test('says in text what is wrong first, and what to type', async () => {
    const ward = await healthy();
    chmodSync(ward.privateKey, 0o644);
    const { code, stdout } = await gait(['doctor', ...ward.flags, '--summary']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^doctor: status=fail failed=\d+ warned=\d+ non_fixable=false\nfail {2}key_permissions/);
    expect(stdout).toContain(`→ chmod 600 ${ward.privateKey}`);
    expect(stdout).not.toContain('ok    ');
  });
});

interface Planted {
  readonly name: string;
  readonly check: string;
  /** What the cure names. */
  readonly cure: (ward: Ward) => string;
  readonly plant: (ward: Ward) => void | Promise<void>;
  /** Set where `--fix` cures it. */
  readonly isFixable?: true;
}

const PROBLEMS: readonly Planted[] = [
  {
    name: 'a tail that a crash cut short',
    check: 'journal_torn_tail',
    cure: ({ root }) => `gait doctor --root ${root} --fix`,
    plant: ({ journal }) => writeFileSync(journal, '{"event":{"seq', { flag: 'a' }),
    isFixable: true,
  },
  {
    name: 'a changed event',
    check: 'journal_damaged',
    cure: ({ journal }) => `gait verify ${journal}`,
    plant: ({ journal }) =>
      writeFileSync(journal, readFileSync(journal, 'utf8').replace('"verdict":"allow"', '"verdict":"block"')),
  },
  {
    name: 'lines that are gone from the end',
    check: 'journal_truncated',
    cure: ({ journal }) => `gait verify ${journal}`,
    plant: ({ journal }) => {
      const lines = readFileSync(journal, 'utf8').split('\n');
      writeFileSync(journal, `${lines.slice(0, 2).join('\n')}\n`);
    },
  },
  {
    name: 'a journal whose start was cut short',
    check: 'journal_empty',
    cure: ({ root }) => `gait run session start --journal ${join(root, 's2.jsonl')} --session-id ID --run-id ID`,
    plant: ({ root }) => writeFileSync(join(root, 's2.jsonl'), ''),
  },
  {
    name: 'a lock of the Go tool whose process died long ago',
    check: 'journal_lock',
    cure: ({ root }) => `gait doctor --root ${root} --fix`,
    plant: ({ journal }) => writeFileSync(`${journal}.lock`, '{"pid":999999,"created_at":"2020-01-01T00:00:00Z"}\n'),
    isFixable: true,
  },
  {
    name: 'a lock directory of another host that nobody refreshes',
    check: 'journal_lock',
    cure: ({ root }) => `gait doctor --root ${root} --fix`,
    plant: ({ journal }) => {
      mkdirSync(`${journal}.lock`);
      utimesSync(`${journal}.lock`, 1_700_000_000, 1_700_000_000);
    },
    isFixable: true,
  },
  {
    name: 'an index that is none',
    check: 'journal_index',
    cure: ({ root }) => `gait doctor --root ${root} --fix`,
    plant: ({ journal }) => writeFileSync(`${journal}.gait/index`, 'nonsense'),
    isFixable: true,
  },
  {
    name: 'events that were left without a checkpoint',
    check: 'journal_unsealed',
    cure: ({ journal, privateKey }) => `gait run session checkpoint --journal ${journal} --private-key ${privateKey}`,
    plant: async ({ journal }) => {
      const handle = await openJournal(journal);
      await handle.append({ tool_name: 'old', verdict: 'allow', created_at: '2026-01-01T00:00:00Z' });
      await handle.close();
    },
  },
  {
    name: 'an event of the future',
    check: 'journal_future',
    cure: () => 'timedatectl status',
    plant: async ({ journal }) => {
      const handle = await openJournal(journal);
      await handle.append({ tool_name: 'new', verdict: 'allow', created_at: '2126-01-01T00:00:00Z' });
      await handle.close();
    },
  },
  {
    name: 'a chain that was edited',
    check: 'chain',
    cure: ({ root }) => `gait verify ${join(root, 's1_chain.json')}`,
    plant: ({ root }) => {
      const path = join(root, 's1_chain.json');
      writeFileSync(path, readFileSync(path, 'utf8').replace(/"sequence_end":\s*2/, '"sequence_end":3'));
    },
    isFixable: true,
  },
  {
    name: 'a runpack that is gone',
    check: 'chain',
    cure: ({ root }) => `gait verify ${join(root, 's1_chain.json')}`,
    plant: ({ root }) => writeFileSync(join(root, 's1-1.zip'), 'gone'),
  },
  {
    name: 'a private key that others may read',
    check: 'key_permissions',
    cure: ({ privateKey }) => `chmod 600 ${privateKey}`,
    plant: ({ privateKey }) => chmodSync(privateKey, 0o640),
    isFixable: true,
  },
  {
    name: 'a configuration with a key that is not known',
    check: 'config',
    cure: ({ flags }) => `\${EDITOR:-vi} +2 ${flags[3]}`,
    plant: ({ flags }) => writeFileSync(flags[3] ?? '', 'retention:\n  profil: medium\n'),
  },
  {
    name: 'a configuration that puts nothing in force',
    check: 'retention',
    cure: ({ flags }) => `gait retention set medium --config ${flags[3]}`,
    plant: ({ flags }) => writeFileSync(flags[3] ?? '', '# nothing yet\n'),
  },
  {
    name: 'a configuration that was named and is not there',
    check: 'config',
    cure: ({ flags }) => `gait init --config ${flags[3]}`,
    plant: ({ flags }) => rmSync(flags[3] ?? ''),
  },
  {
    name: 'a ledger that was tampered with',
    check: 'holds',
    cure: ({ root }) => `gait verify --root ${root}`,
    plant: async ({ root }) => {
      await setHold(root, { sessionId: 's1', reason: 'case 4711', actor: 'counsel' });
      await setHold(root, { sessionId: 's1', reason: 'case 4712', actor: 'counsel' });
      const ledger = join(root, 'gait.ledger.jsonl');
      writeFileSync(ledger, readFileSync(ledger, 'utf8').replace('4711', '4712'));
    },
  },
  {
    name: 'a root that is not there',
    check: 'root',
    cure: ({ root }) => `mkdir -p ${root}`,
    plant: ({ root }) => rmSync(root, { recursive: true }),
    isFixable: true,
  },
  {
    name: 'two halves of different key pairs',
    check: 'key_config',
    cure: () => 'gait keys rotate',
    plant: ({ publicKey }) => {
      const other = initKeys({ outDir: tempDir() });
      writeFileSync(publicKey, readFileSync(other.publicKeyPath));
    },
  },
];

/** Problems whose cure needs no judgement: it is typed as it is printed. */
const TYPED = [
  'a tail that a crash cut short',
  'a lock of the Go tool whose process died long ago',
  'a lock directory of another host that nobody refreshes',
  'an index that is none',
  'events that were left without a checkpoint',
  'a private key that others may read',
  'a configuration that puts nothing in force',
  'a configuration that was named and is not there',
  'a root that is not there',
] as const;

describe('a planted problem is found and its cure named', () => {
  test.each(PROBLEMS)('$name', async ({ check, cure, plant }) => {
    const ward = await healthy();
    await plant(ward);
    const before = snapshot(dirname(ward.root));
    const report = await doctor(ward);
    const finding = found(report, check);
    expect(finding.fix_command).toContain(cure(ward));
    expect(report.fix_commands).toContain(finding.fix_command);
    expect(snapshot(dirname(ward.root))).toEqual(before);
  });

  test.each(PROBLEMS.filter(({ isFixable }) => isFixable))('--fix cures: $name', async ({ check, plant }) => {
    const ward = await healthy();
    await plant(ward);
    const first = await doctor(ward, '--fix');
    expect(first.checks.filter(({ name, fixed }) => name === check && fixed)).toHaveLength(1);
    const second = await doctor(ward);
    expect(second.checks.filter(({ name, status }) => name === check && status !== 'pass')).toEqual([]);
    expect(second.checks.some(({ name }) => name === 'journal_damaged')).toBe(false);
  });

  test.each(TYPED)('what is said to be typed cures: %s', async (planted) => {
    const problem = PROBLEMS.find(({ name }) => name === planted);
    if (problem === undefined) throw new Error(`no such problem: ${planted}`);
    const ward = await healthy();
    await problem.plant(ward);
    const { fix_command: cure } = found(await doctor(ward), problem.check);
    const { status, stdout, stderr } = new Workshop().shell(cure ?? 'false');
    expect({ cure, status, stdout, stderr }).toMatchObject({ status: 0 });
    const after = await doctor(ward);
    expect(after.checks.filter(({ name, status: now }) => name === problem.check && now !== 'pass')).toEqual([]);
    expect(after.checks.some(({ name }) => name === 'journal_damaged')).toBe(false);
  });

  test('a writer that holds the journal, with its number', async () => {
    const ward = await healthy();
    const holder = await openJournal(ward.journal, { lock: 'exclusive' });
    onTestFinished(async () => holder.close());
    const report = summarize(await diagnose(patient(ward, GOOD_MACHINE)), { at: '', version: '' });
    expect(report.checks.find(({ name }) => name === 'journal_lock')?.message).toContain(`pid ${process.pid}`);
  });

  test('a root that is not there is made by --fix', async () => {
    const ward = await healthy();
    const root = join(tempDir(), 'new', 'sessions');
    const elsewhere = { ...ward, flags: ['--root', root, ...ward.flags.slice(2)] };
    expect(found(await doctor(elsewhere), 'root').fix_command).toBe(`mkdir -p ${root}`);
    expect(existsSync(root)).toBe(false);
    await doctor(elsewhere, '--fix');
    expect(statSync(root).mode & 0o777).toBe(0o750);
  });
});

function patient(ward: Ward, machine: Machine, more: Partial<Patient> = {}): Patient {
  return {
    root: ward.root,
    configPath: ward.flags[3] ?? '',
    isConfigGiven: true,
    keys: { privateKey: { path: ward.privateKey }, publicKey: { path: ward.publicKey } },
    isProduction: false,
    env: {},
    machine,
    tell: () => {},
    ...more,
  };
}

const LOCAL_DISK: DiskFacts = {
  name: 'ext4',
  kind: 'local',
  freeBytes: 2 ** 40,
  totalBytes: 2 ** 41,
  freeInodes: 1e9,
  totalInodes: 2e9,
};
const FAST_WRITE: WriteProbe = { syncMedianMs: 0.2, syncWorstMs: 1, clockAheadMs: 0 };
const GOOD_MACHINE: Machine = {
  ...thisMachine,
  kernelLockFault: () => undefined,
  disk: () => LOCAL_DISK,
  tryWrite: () => FAST_WRITE,
};

describe('machines that nobody has at hand', () => {
  test.each<[string, string, 'warn' | 'fail', Partial<Machine>, 'warn' | 'fail', number]>([
    ['an old Node', 'node', 'fail', { nodeVersion: 'v18.20.1' }, 'fail', 7],
    ['no kernel lock', 'kernel_lock', 'warn', { kernelLockFault: () => 'no addon' }, 'fail', 7],
    [
      'a root whose file system grants a lock twice',
      'kernel_lock',
      'warn',
      { kernelLockFault: (folder) => (folder === undefined ? undefined : 'granted twice') },
      'fail',
      7,
    ],
    ['a clock that was reset', 'clock', 'fail', { now: () => 0 }, 'fail', 2],
    [
      'sessions in memory',
      'file_system',
      'warn',
      { disk: () => ({ ...LOCAL_DISK, name: 'tmpfs', kind: 'memory' }) },
      'fail',
      2,
    ],
    [
      'sessions in a container layer',
      'file_system',
      'warn',
      { disk: () => ({ ...LOCAL_DISK, name: 'overlay', kind: 'overlay' }) },
      'fail',
      2,
    ],
    [
      'sessions on a network',
      'file_system',
      'warn',
      { disk: () => ({ ...LOCAL_DISK, name: 'nfs', kind: 'network' }) },
      'warn',
      0,
    ],
    ['little space', 'disk_space', 'warn', { disk: () => ({ ...LOCAL_DISK, freeBytes: 2 ** 29 }) }, 'warn', 0],
    ['no space', 'disk_space', 'fail', { disk: () => ({ ...LOCAL_DISK, freeBytes: 4096 }) }, 'fail', 2],
    ['few inodes', 'inodes', 'warn', { disk: () => ({ ...LOCAL_DISK, freeInodes: 5_000 }) }, 'warn', 0],
    ['no inodes', 'inodes', 'fail', { disk: () => ({ ...LOCAL_DISK, freeInodes: 3 }) }, 'fail', 2],
    ['a slow disk', 'sync_latency', 'warn', { tryWrite: () => ({ ...FAST_WRITE, syncMedianMs: 90 }) }, 'warn', 0],
    [
      "a file server's clock",
      'file_clock',
      'warn',
      { tryWrite: () => ({ ...FAST_WRITE, clockAheadMs: -9_000 }) },
      'warn',
      0,
    ],
    [
      'a folder that cannot be written to',
      'writable',
      'fail',
      {
        tryWrite: (folder) => {
          throw new GaitError('IO_ERROR', `cannot write to ${folder}`);
        },
      },
      'fail',
      2,
    ],
  ])('%s', async (_, name, status, planted, inProduction, exitCode) => {
    const ward = await healthy();
    const machine = { ...GOOD_MACHINE, ...planted };
    const facts = { at: '2026-11-21T00:00:00.000Z', version: '1' };
    const report = summarize(await diagnose(patient(ward, machine)), facts);
    expect(report.checks.find((check) => check.name === name)?.status).toBe(status);
    const strict = summarize(await diagnose(patient(ward, machine, { isProduction: true })), facts);
    expect(strict.checks.find((check) => check.name === name)?.status).toBe(inProduction);
    expect(doctorExit(strict, true)).toBe(exitCode);
    expect(doctorExit(report, false)).toBe(report.non_fixable ? 7 : 0);
  });

  test('a good one is ready for production', async () => {
    const ward = await healthy();
    const findings = await diagnose(patient(ward, GOOD_MACHINE, { isProduction: true }));
    expect(findings.filter(({ status }) => status !== 'pass')).toEqual([]);
  });

  test('a variable that cannot be read is said, as it would be ignored', async () => {
    const ward = await healthy();
    const env = { GAIT_SESSION_LOCK_TIMEOUT: '2 seconds', GAIT_SESSION_LOCK_PROFILE: 'swarm' };
    const findings = await diagnose(patient(ward, GOOD_MACHINE, { env }));
    expect(findings.find(({ name }) => name === 'environment')).toMatchObject({
      status: 'warn',
      fix_command: 'unset GAIT_SESSION_LOCK_TIMEOUT',
    });
  });

  test('no key, no configuration and a journal that nobody signed are failures in production alone', async () => {
    const ward = await healthy();
    const unsigned = join(ward.root, 's3.jsonl');
    await startSession(unsigned, { session_id: 's3', run_id: 'run_3' });
    const journal = await openJournal(unsigned);
    await journal.append({ tool_name: 'x', verdict: 'allow' });
    await journal.checkpoint();
    await journal.close();
    const bare = { keys: {}, configPath: join(ward.root, 'none.yaml'), isConfigGiven: false };
    const named = async (isProduction: boolean): Promise<string[]> =>
      (await diagnose(patient(ward, GOOD_MACHINE, { ...bare, isProduction })))
        .filter(({ status }) => status === 'fail')
        .map(({ name }) => name);
    expect(await named(false)).toEqual([]);
    expect(await named(true)).toEqual(['config', 'key_config', 'journal_unsigned']);
  });

  test('many alike are counted, not listed', async () => {
    const ward = await healthy();
    for (let n = 0; n < 25; n++) writeFileSync(join(ward.root, `empty${n}.jsonl`), '');
    const alike = (await diagnose(patient(ward, GOOD_MACHINE))).filter(({ name }) => name === 'journal_empty');
    expect(alike).toHaveLength(21);
    expect(alike.at(-1)?.message).toContain('5 more');
  });
});

describe('a lock', () => {
  const look = (lock: LockFinding): readonly { readonly status: string; readonly fix_command?: string }[] => {
    const health: JournalHealth = { path: 'j', sizeBytes: 0, index: 'current', lock, tornPieces: 0 };
    return lockFindings({ path: 'j', health });
  };

  test.each<[string, LockFinding, string | undefined, string | undefined]>([
    ['that is free is not spoken of', { state: 'free' }, undefined, undefined],
    [
      'of a busy writer is no trouble',
      { state: 'held', owner: { kind: 'local writer', pid: 7 }, ageMs: 5 },
      'pass',
      undefined,
    ],
    [
      'that was held for long names the process to look at',
      { state: 'held', owner: { kind: 'local writer', host: 'h', pid: 7 }, ageMs: 90_000 },
      'warn',
      'ps -o pid,stat,etime,args -p 7',
    ],
    [
      'that somebody else may hold is left alone',
      { state: 'elsewhere', owner: { kind: 'lock directory' }, ageMs: 900 },
      'warn',
      'ls -ld j.lock',
    ],
    [
      'of the dead is removed by --fix',
      { state: 'abandoned', owner: { kind: 'go tool' }, ageMs: 900 },
      'warn',
      'gait doctor --fix',
    ],
  ])('%s', (_, lock, status, command) => {
    const [finding] = look(lock);
    expect([finding?.status, finding?.fix_command]).toEqual([status, command]);
  });
});

test('names the holds in force', async () => {
  const ward = await healthy();
  await setHold(ward.root, { sessionId: 's1', reason: 'case 4711', actor: 'counsel' });
  const holds = (await doctor(ward)).checks.find(({ name }) => name === 'holds');
  expect([holds?.status, holds?.message]).toEqual(['pass', '1 hold in force: s1 (case 4711)']);
});

test('the words of a cure survive a shell', () => {
  expect(['a/b-c.jsonl', 'with blank', "it's"].map(shellWord)).toEqual(['a/b-c.jsonl', "'with blank'", "'it'\\''s'"]);
});
