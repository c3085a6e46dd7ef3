import { GaitError } from '../../src/errors.js';
import type { RunpackReport, TraceReport, VerifyOptions } from '../../src/index.js';
import { checkFirst, describeOutcome, worstExit } from '../check-artifact.js';
import type { Command, Invocation } from '../command.js';
import { EXIT_CODES, EXIT_OK } from '../exit-codes.js';
import { describeBody, describeWarnings } from '../report-text.js';
import { isPath, runpackPaths } from '../run-id.js';
import { clean } from '../text.js';
import { DEMAND_FLAGS, verifyDemands } from '../verify-demands.js';

/**
 * `gait verify chain --run R [--trace T]`: a runpack and a trace, each checked on its own, in the Go tool's object. Exits 2
 * when one of them is invalid.
 */
export const verifyChain: Command = {
  flags: [
    { name: 'run', value: 'RUN', help: 'the runpack: a path, or the id of a run' },
    { name: 'trace', value: 'FILE', help: 'a trace to check as well; needs a key' },
    { name: 'pack', value: 'FILE', help: 'evidence packs of the Go tool are not supported: refused' },
    ...DEMAND_FLAGS,
  ],
  examples: [
    'verify chain --run ./cp1.zip',
    'verify chain --run ./cp1.zip --trace ./trace.json --public-key ./gait-out/keys/gait_public.key --json',
  ],
  async run(invocation) {
    const { args, io, echo } = invocation;
    // As in the Go tool: an object that ends in an error has it too.
    echo['run'] = { ok: false };
    const [run, tracePath] = [args.text('run'), args.text('trace')];
    const options = await verifyDemands(args, io);
    if (run === undefined) throw missing('run', '--run is required');
    if (args.text('pack') !== undefined) {
      throw new GaitError('INVALID_ARGUMENT', 'evidence packs (pack_manifest.json) cannot be verified here', {
        hint: 'verify the runpack and the traces themselves; a pack only sums them up',
        details: { flag: 'pack' },
      });
    }
    if (tracePath !== undefined && options.publicKeys?.length === 0) {
      throw missing('public-key', 'trace verification requires --public-key/--public-key-env or private key source');
    }
    const runpack = await checkRun(run, invocation, options);
    echo['run'] = describeOutcome(runpack, io).json;
    const trace = tracePath === undefined ? undefined : await checkTrace(tracePath, options);
    const ok = runpack.ok && trace?.ok !== false;
    return {
      exitCode: worstExit([runpack, ...(trace === undefined ? [] : [trace])].map(codeOf)),
      json: { ok, ...(trace === undefined ? {} : { trace: traceFields(trace) }) },
      text: [
        ok ? 'verify chain: ok' : 'verify chain failed',
        `runpack: ${clean(runpack.path)} (${runpack.verdict})`,
        ...describeBody(runpack).map(indented),
        ...(trace === undefined ? [] : [`trace: ${clean(trace.path)} (${trace.signature_status})`]),
        ...(trace === undefined ? [] : describeBody(trace).map(indented)),
      ],
      warnings: [runpack, ...(trace === undefined ? [] : [trace])].flatMap((report) => describeWarnings(report, true)),
    };
  },
};

async function checkRun(run: string, invocation: Invocation, options: VerifyOptions): Promise<RunpackReport> {
  const paths = isPath(run) ? ([run] as const) : runpackPaths(run, invocation.io);
  const report = await checkFirst(paths, invocation, options);
  if (report.kind === 'runpack') return report;
  const { path, kind } = report;
  throw new GaitError('INVALID_RUNPACK', `${path} is no runpack`, { details: { path, kind } });
}

async function checkTrace(path: string, { publicKeys = [] }: VerifyOptions): Promise<TraceReport> {
  const { verifyTraceFile } = await import('../../src/index.js');
  return verifyTraceFile(path, { publicKeys });
}

/** In the Go tool's JSON `verdict` is what was decided, and `ok` is the verdict on the trace. */
function traceFields(report: TraceReport): Record<string, unknown> {
  const { verdict: _, decision, ...facts } = report;
  return { ...facts, ...(decision === undefined ? {} : { verdict: decision }) };
}

function codeOf({ ok }: { readonly ok: boolean }): number {
  return ok ? EXIT_OK : EXIT_CODES.verification_failed;
}

function indented(line: string): string {
  return `  ${line}`;
}

function missing(flag: string, message: string): GaitError {
  return new GaitError('INVALID_ARGUMENT', message, { details: { flag } });
}
