/**
 * The CLI in one function: argv in, text or JSON out, an exit code back. Finds the command, reads its flags, runs it and
 * prints what it leaves, so that commands only call the library.
 */
import { GaitError, isGaitError } from '../src/errors.js';
import { refuseBlank } from './blank-flags.js';
import type { Command, CommandGroup, CommandLeaf, Invocation, Outcome } from './command.js';
import { COMMAND_TREE } from './command-tree.js';
import { derivedCorrelationId, givenCorrelationId } from './correlation.js';
import { EXIT_CODES, EXIT_OK } from './exit-codes.js';
import { asksForJson, COMMON_FLAGS, parseFlags, type Arguments } from './flags.js';
import type { Io } from './io.js';
import { errorEnvelope, jsonLine } from './json-output.js';
import { Output } from './output.js';
import { isLeaf, resolveCommand, type Resolution } from './resolve-command.js';
import { didYouMean } from './suggest.js';
import { clean } from './text.js';

/** Values of `--format`, where a command has it, that ask for JSON as `--json` does. */
const JSON_FORMATS: readonly string[] = ['json', 'ndjson'];

/**
 * Runs one command line.
 *
 * @param argv the arguments, without the names of the interpreter and the script
 * @returns the exit code; see exit-codes.ts. Never rejects for what a caller can cause.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const out = new Output(io);
  const found = resolveCommand(COMMAND_TREE, argv);
  // Replaced as soon as the arguments are understood; until then an error has to guess.
  let given: string | undefined;
  let json = asksForJson(found.rest);
  const echo: Record<string, unknown> = {};
  const correlationId = async (): Promise<string> => given ?? (await derivedCorrelationId(argv));
  const identity = async (): Promise<Record<string, unknown>> => ({
    operation: found.path.at(-1),
    ...echo,
    correlation_id: await correlationId(),
  });
  try {
    const call = await understand(found);
    json = call.args.has('json') || JSON_FORMATS.includes(call.args.text('format') ?? '');
    out.isQuiet = call.args.has('quiet');
    given = givenCorrelationId(call.args.text('correlation-id'), io.env['GAIT_CORRELATION_ID']);
    const shared = { tree: COMMAND_TREE, args: call.args, io, out, json, correlationId, echo };
    const outcome = await call.run(given === undefined ? shared : { ...shared, givenCorrelationId: given });
    await print(outcome, out, json ? identity : undefined);
    return outcome.exitCode ?? EXIT_OK;
  } catch (thrown) {
    const error = isGaitError(thrown) ? thrown : unexpected(thrown);
    await printError(error, out, found.path, json ? identity : undefined);
    return EXIT_CODES[error.category];
  }
}

interface Call {
  readonly args: Arguments;
  readonly run: (invocation: Invocation) => Promise<Outcome>;
}

/** What a command line asks for. Throws INVALID_ARGUMENT. */
async function understand(found: Resolution): Promise<Call> {
  const { node, path, rest } = found;
  if (!isLeaf(node)) return understandGroup(node, path, rest);
  const command = await node.load();
  const args = parseFlags(rest, [...command.flags, ...COMMON_FLAGS]);
  if (args.has('explain')) return { args, run: explain(node) };
  if (args.has('help')) return { args, run: showHelp(path) };
  refuseBlank(args, command.flags);
  refuseExtra(args.positionals, command);
  return { args, run: async (invocation) => await command.run(invocation) };
}

function understandGroup(node: CommandGroup, path: readonly string[], rest: readonly string[]): Call {
  const isRoot = path.length === 1;
  const args = parseFlags(rest, isRoot ? [...COMMON_FLAGS, { name: 'version', help: '' }] : COMMON_FLAGS);
  const [word] = args.positionals;
  if (args.has('explain')) return { args, run: explain(node) };
  if (args.has('help')) return { args, run: showHelp(path) };
  if (args.has('version') || (isRoot && rest.length === 0)) {
    return { args, run: async (invocation) => await (await import('./commands/version.js')).version.run(invocation) };
  }
  const names = node.children.map(({ name }) => name);
  const where = path.join(' ');
  const hint = `see ${where} --help; it has ${names.join(', ')}`;
  if (word === undefined) throw new GaitError('INVALID_ARGUMENT', `${where} needs a command`, { hint });
  const misplaced = names.includes(word) ? 'put the flags behind the command' : didYouMean(word, names);
  throw new GaitError('INVALID_ARGUMENT', `unknown command ${JSON.stringify(word)}`, {
    hint: misplaced ?? hint,
    details: { command: word },
  });
}

function explain(node: CommandGroup | CommandLeaf): Call['run'] {
  return async () => await Promise.resolve({ json: { ok: true, explain: node.summary }, text: [node.summary] });
}

function showHelp(path: readonly string[]): Call['run'] {
  return async ({ tree }) => {
    const { helpText } = await import('./help.js');
    const text = await helpText(tree, path);
    return { json: { ok: true, help: text }, text: [text] };
  };
}

function refuseExtra(positionals: readonly string[], { positionals: known = [] }: Command): void {
  if (known.at(-1)?.includes('...') === true) return;
  const extra = positionals[known.length];
  if (extra === undefined) return;
  throw new GaitError('INVALID_ARGUMENT', `unexpected argument ${JSON.stringify(extra)}`, {
    hint: 'a value with blanks needs quotes',
    details: { argument: extra },
  });
}

type Identity = () => Promise<Record<string, unknown>>;

async function print(outcome: Outcome, out: Output, identity: Identity | undefined): Promise<void> {
  if (identity !== undefined) {
    if (outcome.json !== undefined) await out.write(await jsonLine({ ...(await identity()), ...outcome.json }));
    return;
  }
  // What is wrong is said in any case.
  const isHeard = !out.isQuiet || (outcome.exitCode ?? EXIT_OK) !== EXIT_OK;
  const lines = isHeard ? (outcome.text ?? []) : [];
  if (lines.length > 0) await out.write(`${lines.join('\n')}\n`);
  for (const line of outcome.warnings ?? []) await out.note(line);
}

async function printError(
  error: GaitError,
  out: Output,
  path: readonly string[],
  identity: Identity | undefined,
): Promise<void> {
  if (identity !== undefined && !out.isBroken) {
    await out.write(await jsonLine({ ...(await identity()), ...errorEnvelope(error) }));
    return;
  }
  const command = path.length === 1 ? path[0] : path.slice(1).join(' ');
  await out.complain(`${command} error: ${clean(error.message)}`);
  await out.complain(`hint: ${clean(error.hint)}`);
}

/** An exception that is no GaitError is a defect of ours; it is reported like any other failure. */
function unexpected(thrown: unknown): GaitError {
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  return new GaitError('INTERNAL', message, { cause: thrown, details: { stack } });
}
