import { GaitError, isGaitError } from '../../src/errors.js';
import type { ArtifactReport, VerifyOptions } from '../../src/index.js';
import { checkFirst, describeOutcome, worstExit } from '../check-artifact.js';
import type { Command, Invocation, Outcome } from '../command.js';
import { EXIT_CODES, EXIT_OK, INTERRUPT_CODES } from '../exit-codes.js';
import { readArgumentFile } from '../files.js';
import { Interruption } from '../interruption.js';
import { errorEnvelope, jsonLine } from '../json-output.js';
import { isPath, runpackPaths } from '../run-id.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { clean } from '../text.js';
import { DEMAND_FLAGS, verifyDemands } from '../verify-demands.js';

/** A note with a great many signatures, or the output of an append. */
const MAX_SINCE_BYTES = 1_048_576;

/**
 * `gait verify PATH...`: the verdict on evidence of any kind, a whole root among them, who signed it, how far, and every problem. Exits 2 when any of
 * it is invalid, else 6 or 1 when any of it could not be checked. Of several, each has a JSON object of its own.
 */
export const verify: Command = {
  flags: [
    ...TARGET_FLAGS,
    ...DEMAND_FLAGS,
    {
      name: 'since',
      value: 'FILE',
      help: 'a receipt or note you hold: what the journal, or of a root the ledger, held then it must hold now',
    },
  ],
  positionals: ['[PATH...]'],
  examples: [
    'verify ./s1.jsonl',
    'verify ./s1.jsonl --profile strict --public-key ./gait-out/keys/gait_public.key --since ./s1.note',
    'verify ./cp1.zip ./s1_chain.json ./event1.proof --public-key ./gait-out/keys/gait_public.key --json',
    'verify --session s1 --root ./sessions --json',
    'verify --root ./sessions --public-key ./gait-out/keys/gait_public.key',
  ],
  async run(invocation) {
    const { args, io } = invocation;
    const paths = await pathsOf(invocation);
    const since = args.text('since');
    const options: VerifyOptions = {
      ...(await verifyDemands(args, io)),
      ...(since === undefined ? {} : { since: await readArgumentFile(since, MAX_SINCE_BYTES) }),
    };
    const interruption = new Interruption(io);
    try {
      const signal = interruption.abortSignal;
      const [only] = paths;
      if (only !== undefined && paths.length === 1) return await checkOnly(only, invocation, { ...options, signal });
      return await checkAll(paths, invocation, { ...options, signal });
    } catch (error) {
      if (interruption.received === undefined) throw error;
      return { exitCode: INTERRUPT_CODES[interruption.received] };
    } finally {
      interruption.release();
    }
  },
};

/** Throws INVALID_ARGUMENT when nothing is named, or both paths and a journal. */
async function pathsOf({ args, echo }: Invocation): Promise<readonly string[]> {
  const { positionals } = args;
  const root = args.text('root');
  if (
    root !== undefined &&
    positionals.length === 0 &&
    args.text('journal') === undefined &&
    args.text('session') === undefined
  ) {
    echo['path'] = root;
    return [root];
  }
  const isByFlag = ['journal', 'session', 'root'].some((flag) => args.text(flag) !== undefined);
  if (positionals.length <= 1) {
    if (!isByFlag && positionals.length === 1) {
      echo['path'] = positionals[0];
      return positionals;
    }
    return [await journalPath(args, echo, positionals[0])];
  }
  if (!isByFlag) return positionals;
  throw new GaitError('INVALID_ARGUMENT', 'name the evidence by its path, or the journal by a flag, not both');
}

async function checkOnly(path: string, invocation: Invocation, options: VerifyOptions): Promise<Outcome> {
  const report = await checkNamed(path, invocation, options);
  if (report.kind === 'journal') invocation.echo['journal'] = path;
  return describeOutcome(report, invocation.io);
}

/** One after the other, each told as soon as it is known. */
async function checkAll(paths: readonly string[], invocation: Invocation, options: VerifyOptions): Promise<Outcome> {
  const codes: number[] = [];
  for (const path of paths) {
    const { exitCode = EXIT_OK, ...outcome } = await attempt(path, invocation, options);
    codes.push(exitCode);
    if (exitCode !== EXIT_OK || invocation.json || !invocation.out.isQuiet) await tell(invocation, outcome);
  }
  return { exitCode: worstExit(codes) };
}

/** That one cannot be read does not keep the others from being checked. */
async function attempt(path: string, invocation: Invocation, options: VerifyOptions): Promise<Outcome> {
  try {
    const report = await checkNamed(path, invocation, options);
    const outcome = describeOutcome(report, invocation.io, true);
    return report.kind === 'journal' ? { ...outcome, json: { journal: path, ...outcome.json } } : outcome;
  } catch (error) {
    if (!isGaitError(error)) throw error;
    return {
      exitCode: EXIT_CODES[error.category],
      json: { path, ...errorEnvelope(error) },
      text: [`verify error: ${clean(path)}: ${clean(error.message)}`],
      warnings: [`hint: ${clean(error.hint)}`],
    };
  }
}

async function tell(invocation: Invocation, { json, text = [], warnings = [] }: Outcome): Promise<void> {
  const { out } = invocation;
  if (invocation.json) {
    const identity = { operation: 'verify', correlation_id: await invocation.correlationId() };
    // The command's own id last: a trace has one too.
    await out.write(await jsonLine({ ...json, ...identity }));
    return;
  }
  await out.write(text.map((line) => `${line}\n`).join(''));
  for (const line of warnings) await out.note(line);
}

/** Takes the id of a run too, as the Go tool does, when no file has that name. */
async function checkNamed(name: string, invocation: Invocation, options: VerifyOptions): Promise<ArtifactReport> {
  const others = isPath(name) ? [] : runpackPaths(name, invocation.io);
  return await checkFirst([name, ...others], invocation, options);
}
