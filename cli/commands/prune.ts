import { resolve, sep } from 'node:path';
import { GaitError } from '../../src/errors.js';
import type { PlanOptions, PrunePlan } from '../../src/index.js';
import type { Command, Invocation, Outcome } from '../command.js';
import { isThere, readArgumentFile } from '../files.js';
import type { Arguments } from '../flags.js';
import { SIGNING_FLAGS, signingKey, whoIs } from '../ledger-flags.js';
import { whileWorking } from '../progress.js';
import { describePlan, describePrune, planWarnings, pruneWarnings } from '../prune-text.js';
import { nowOf } from '../when.js';
import { DEFAULT_ROOT, ROOT_FLAG } from '../target.js';

/** A plan over a great many sessions. */
const MAX_PLAN_BYTES = 256 * 1024 * 1024;
const DIGEST = /^[0-9a-f]{64}$/i;

/**
 * `gait prune`: with `--dry-run` says what would go and why, and changes nothing; with `--plan` removes exactly that. With
 * neither it only explains, exit 6: nothing is removed by a slip of the hand.
 */
export const prune: Command = {
  flags: [
    ROOT_FLAG,
    { name: 'dry-run', help: 'print what would go, what stays, and why; change nothing' },
    { name: 'plan', value: 'DIGEST|FILE', help: 'remove what the dry run with this digest, or in this file, said' },
    { name: 'profile', value: 'NAME', help: 'retention profile; without it the one that the configuration names' },
    { name: 'config', value: 'FILE', help: 'the configuration (default .gait/config.yaml)' },
    { name: 'session', value: 'ID', help: 'only this session' },
    { name: 'kind', value: 'KIND', help: 'only session, trace, pack, export or payload' },
    { name: 'report-out', value: 'FILE', help: 'also write the JSON to a new file, outside the root' },
    { name: 'actor', value: 'NAME', help: 'who prunes, for the ledger (default: the user of this process)' },
    ...SIGNING_FLAGS,
  ],
  examples: [
    'prune --root ./sessions --profile medium --dry-run',
    'prune --root ./sessions --profile medium --plan DIGEST --private-key ./gait-out/keys/gait_private.key',
    'prune --root ./sessions --plan ./plan.json --private-key ./gait-out/keys/gait_private.key --json',
  ],
  async run(invocation) {
    const { args, echo } = invocation;
    const root = args.text('root') ?? DEFAULT_ROOT;
    echo['root'] = root;
    const isDryRun = args.has('dry-run');
    const plan = args.text('plan');
    if (isDryRun === (plan !== undefined)) throw neitherOrBoth(isDryRun, root);
    refuseReport(args, root);
    const outcome = plan === undefined ? await dryRun(invocation, root) : await execute(invocation, root, plan);
    return await withReport(invocation, outcome);
  },
};

async function dryRun(invocation: Invocation, root: string): Promise<Outcome> {
  const { args, io } = invocation;
  const { planPrune } = await import('../../src/index.js');
  const plan = await whileWorking(invocation, 'planning', async () =>
    planPrune(root, { env: io.env, ...choices(args) }),
  );
  return {
    json: { ok: true, dry_run: true, ...plan },
    text: describePlan(plan, args, nowOf(io)),
    warnings: planWarnings(plan),
  };
}

async function execute(invocation: Invocation, root: string, given: string): Promise<Outcome> {
  const { args, io } = invocation;
  const { key, warnings } = await signingKey(args, io, 'prune');
  const { executePrune, parsePlan } = await import('../../src/index.js');
  const expected = DIGEST.test(given) ? given : parsePlan(await planText(given));
  const receipt = await whileWorking(invocation, 'pruning', async () =>
    executePrune(expected, {
      env: io.env,
      ...(typeof expected === 'string' ? {} : choicesOf(expected)),
      ...choices(args),
      root,
      key,
      actor: whoIs(args, io),
    }),
  );
  return {
    json: { dry_run: false, ...receipt, ...(warnings.length === 0 ? {} : { warnings }) },
    text: describePrune(receipt),
    warnings: [...warnings.map((warning) => `warning: ${warning}`), ...pruneWarnings(receipt)],
  };
}

/** Throws INVALID_ARGUMENT, which says of a word that is no file what was expected in its place. */
async function planText(given: string): Promise<string> {
  if (isThere(given)) return await readArgumentFile(given, MAX_PLAN_BYTES);
  throw new GaitError('INVALID_ARGUMENT', `--plan ${given} is neither the digest of a plan nor a file with a plan`, {
    hint: 'a digest has 64 hex digits: gait prune --dry-run prints it',
    details: { flag: 'plan', path: given },
  });
}

type Choices = Pick<PlanOptions, 'profile' | 'config' | 'sessionId' | 'kind'>;

function choices(args: Arguments): Choices {
  const [profile, config, sessionId, kind] = ['profile', 'config', 'session', 'kind'].map((name) => args.text(name));
  return {
    ...(profile === undefined ? {} : { profile }),
    ...(config === undefined ? {} : { config }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(kind === undefined ? {} : { kind: kindOf(kind) }),
  };
}

/** A plan in a file says itself what it was asked for. */
function choicesOf({ filter, named_by_caller: isNamed, default_profile: profile }: PrunePlan): Choices {
  return {
    ...(isNamed && profile !== undefined ? { profile } : {}),
    ...(filter.session_id === undefined ? {} : { sessionId: filter.session_id }),
    ...(filter.kind === undefined ? {} : { kind: filter.kind }),
  };
}

const KINDS = ['session', 'trace', 'pack', 'export', 'payload'] as const;

function kindOf(word: string): (typeof KINDS)[number] {
  const kind = KINDS.find((known) => known === word);
  if (kind !== undefined) return kind;
  throw new GaitError('INVALID_ARGUMENT', `--kind is one of ${KINDS.join(', ')}, not ${JSON.stringify(word)}`, {
    details: { flag: 'kind', found: word },
  });
}

function neitherOrBoth(isBoth: boolean, root: string): GaitError {
  const message = isBoth
    ? '--dry-run and --plan exclude each other'
    : 'nothing was done: a prune is planned first, and then carried out by its digest';
  return new GaitError('INVALID_ARGUMENT', message, {
    hint: `gait prune --root ${root} --dry-run prints the plan and its digest; gait prune --plan DIGEST removes just that`,
    details: { flag: 'plan' },
  });
}

/** Before anything is removed: a report that cannot be written afterwards is a run nobody can explain. */
function refuseReport(args: Arguments, root: string): void {
  const path = args.text('report-out');
  if (path === undefined) return;
  if (isThere(path)) {
    throw new GaitError('OUTPUT_EXISTS', `refusing to write to ${path}: something is there already`, {
      details: { path, flag: 'report-out' },
    });
  }
  if (!`${resolve(path)}${sep}`.startsWith(`${resolve(root)}${sep}`)) return;
  throw new GaitError('INVALID_ARGUMENT', '--report-out must be outside the root: a dry run changes nothing there', {
    details: { path, flag: 'report-out' },
  });
}

async function withReport({ args, echo }: Invocation, outcome: Outcome): Promise<Outcome> {
  const path = args.text('report-out');
  if (path === undefined) return outcome;
  const { canonicalJson, writeNewFile } = await import('../../src/index.js');
  await writeNewFile(path, Buffer.from(`${canonicalJson(outcome.json)}\n`));
  echo['report_path'] = path;
  return outcome;
}
