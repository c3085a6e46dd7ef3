import type { Command } from '../command.js';
import { keySources, PRIVATE_KEY_FLAGS, PUBLIC_KEY_FLAGS } from '../key-flags.js';
import { paintFor } from '../paint.js';
import { whileWorking } from '../progress.js';
import { DEFAULT_ROOT, ROOT_FLAG } from '../target.js';

const DEFAULT_CONFIG = '.gait/config.yaml';

/**
 * `gait doctor`: everything that could be wrong here, what it means and what to type. Exits as the Go tool's: 7 when no
 * command can cure it, 2 for a failure where production readiness was asked for, else 0.
 */
export const doctor: Command = {
  flags: [
    ROOT_FLAG,
    { name: 'config', value: 'FILE', help: `the configuration (default ${DEFAULT_CONFIG})` },
    { name: 'production-readiness', help: 'hold everything to what production needs; exit 2 when anything fails' },
    { name: 'fix', help: 'do what is safe: make the root, mend modes, locks, torn tails, indexes and chains' },
    { name: 'summary', help: 'show only what is not well' },
    ...PRIVATE_KEY_FLAGS,
    ...PUBLIC_KEY_FLAGS,
  ],
  examples: [
    'doctor',
    'doctor --root ./sessions --fix',
    'doctor --root ./sessions --production-readiness --private-key ./gait-out/keys/gait_private.key --json',
  ],
  async run(invocation) {
    const { args, io } = invocation;
    const [{ diagnose, cure }, { thisMachine }, { doctorExit, summarize }, { describeDoctor }] = await Promise.all([
      import('../doctor/diagnose.js'),
      import('../doctor/this-machine.js'),
      import('../doctor/check.js'),
      import('../doctor-text.js'),
    ]);
    const { VERSION } = await import('../../src/index.js');
    const isProduction = args.has('production-readiness');
    const findings = await whileWorking(invocation, 'looking', async (tell) =>
      diagnose({
        root: args.text('root') ?? DEFAULT_ROOT,
        configPath: args.text('config') ?? DEFAULT_CONFIG,
        isConfigGiven: args.text('config') !== undefined,
        keys: keySources(args),
        isProduction,
        env: io.env,
        machine: thisMachine,
        tell,
      }),
    );
    const checks = args.has('fix') ? await cure(findings) : findings.map(({ cure: _cure, ...check }) => check);
    const report = summarize(checks, { at: new Date(thisMachine.now()).toISOString(), version: VERSION });
    return {
      exitCode: doctorExit(report, isProduction),
      json: { ...report },
      text: describeDoctor(report, paintFor(io), args.has('summary')),
    };
  },
};
