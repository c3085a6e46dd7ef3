/** `gait trace verify`: whether traces are what somebody signed. */
import { GaitError, isGaitError } from '../../src/errors.js';
import type { TraceReport } from '../../src/index.js';
import type { Command, Outcome } from '../command.js';
import { EXIT_CODES, EXIT_OK } from '../exit-codes.js';
import type { Arguments } from '../flags.js';
import { errorEnvelope } from '../json-output.js';
import { clean } from '../text.js';
import { describeTrace, describeTraceWarnings } from '../trace-text.js';
import { VERIFY_KEY_FLAGS, verifyKeys } from '../verify-keys.js';

const HINT = 'distrust the trace: its problems say what is wrong with it';

/**
 * For one trace the JSON is the Go tool's; for several it is `{ ok, traces }`, one entry each, and a trace that cannot be
 * read is an entry too. Exits 2 when a trace is invalid, 6 when one cannot be read or there is no key.
 */
export const traceVerify: Command = {
  flags: [{ name: 'path', value: 'PATH', help: 'a trace, like the argument; repeatable' }, ...VERIFY_KEY_FLAGS],
  positionals: ['[PATH...]'],
  examples: [
    'trace verify ./trace.json --public-key ./keys/gait_public.key',
    'trace verify ./a.json ./b.json --public-key ./old_public.key --public-key ./new_public.key --json',
  ],
  async run({ args, io, echo }) {
    const paths = tracePaths(args);
    const [only] = paths;
    if (paths.length === 1) echo['path'] = only;
    const publicKeys = await verifyKeys(args, io);
    if (publicKeys.length === 0) {
      throw new GaitError('INVALID_ARGUMENT', 'public key not configured', {
        hint: 'name it with --public-key or --public-key-env; a private key will do as well',
        details: { flag: 'public-key' },
      });
    }
    const { verifyTraceFile } = await import('../../src/index.js');
    const check = (path: string): Outcome => describe(verifyTraceFile(path, { publicKeys }));
    if (only !== undefined && paths.length === 1) return check(only);
    return together(paths.map((path) => attempt(path, check)));
  },
};

function tracePaths(args: Arguments): readonly string[] {
  const paths = [...args.positionals, ...args.texts('path')];
  if (paths.length > 0) return paths;
  throw new GaitError('INVALID_ARGUMENT', 'no trace is named', {
    hint: 'write gait trace verify PATH',
    details: { flag: 'path' },
  });
}

/** In the Go tool's JSON `verdict` is what was decided, and `ok` is the verdict on the trace. */
function describe(report: TraceReport): Outcome {
  const { verdict: _, decision, error, ...facts } = report;
  return {
    exitCode: report.ok ? EXIT_OK : EXIT_CODES.verification_failed,
    json: {
      ...facts,
      ...(decision === undefined ? {} : { verdict: decision }),
      ...(error === undefined ? {} : errorEnvelope(new GaitError('SIGNATURE_INVALID', error, { hint: HINT }))),
    },
    text: describeTrace(report),
    warnings: describeTraceWarnings(report),
  };
}

/** What becomes of one of several traces: that one cannot be read does not keep the others from being checked. */
function attempt(path: string, check: (path: string) => Outcome): Outcome {
  try {
    return check(path);
  } catch (error) {
    if (!isGaitError(error)) throw error;
    return {
      exitCode: EXIT_CODES[error.category],
      json: { path, ...errorEnvelope(error) },
      text: [`trace verify error: ${clean(error.message)}`],
      warnings: [`hint: ${clean(error.hint)}`],
    };
  }
}

function together(outcomes: readonly Outcome[]): Outcome {
  const codes = outcomes.map(({ exitCode = EXIT_OK }) => exitCode);
  const isForged = codes.includes(EXIT_CODES.verification_failed);
  const exitCode = isForged ? EXIT_CODES.verification_failed : (codes.find((code) => code !== EXIT_OK) ?? EXIT_OK);
  return {
    exitCode,
    json: { ok: exitCode === EXIT_OK, traces: outcomes.map(({ json }) => json) },
    text: outcomes.flatMap(({ text = [] }) => text),
    warnings: outcomes.flatMap(({ warnings = [] }) => warnings),
  };
}
