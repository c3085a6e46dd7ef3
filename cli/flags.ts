/**
 * Flags as the Go tool reads them: `-x` is `--x`, values come as `--x v` or `--x=v`, booleans as `--x` or `--x=true`,
 * flags may follow positional arguments, `--` ends them, and of a flag given twice the last one counts.
 *
 * The reader knows the flags of the command, so that the value of a flag may begin with a dash. Pure.
 */
import { GaitError } from '../src/errors.js';
import { didYouMean } from './suggest.js';

/** One flag of a command. `value` names its argument in help; a flag without one is a boolean. */
export interface Flag {
  readonly name: string;
  readonly value?: string;
  readonly help: string;
}

/** What {@link parseFlags} found. */
export interface Arguments {
  readonly positionals: readonly string[];
  /** The value of a flag, trimmed; undefined when it is absent or blank. */
  text(name: string): string | undefined;
  /** Every value of a flag that may be repeated, trimmed, without the blank ones. */
  texts(name: string): readonly string[];
  /** The value of a flag as a whole number from 0. Throws INVALID_ARGUMENT. */
  whole(name: string): number | undefined;
  /** Whether the flag was given, with a value of blanks alone or none. */
  isBlank(name: string): boolean;
  /** Whether a boolean flag is set. */
  has(name: string): boolean;
}

/** The flags that every command has. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'json', help: 'print JSON, one object a line' },
  { name: 'quiet', help: 'say nothing where all is well: no text, no warnings, no progress' },
  { name: 'correlation-id', value: 'ID', help: 'correlation id of this run; derived from the command line otherwise' },
  { name: 'explain', help: 'say in one sentence what the command does' },
  { name: 'help', help: 'show this help' },
];

const TRUE_WORDS: readonly string[] = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE_WORDS: readonly string[] = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

/**
 * @throws GaitError INVALID_ARGUMENT with `details.flag` for an unknown flag, a missing value or a value that is no
 * boolean
 */
export function parseFlags(args: readonly string[], flags: readonly Flag[]): Arguments {
  const values = new Map<string, (string | boolean)[]>();
  const add = (name: string, value: string | boolean): void => {
    values.set(name, [...(values.get(name) ?? []), value]);
  };
  const positionals: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      positionals.push(...args.slice(i + 1));
      break;
    }
    if (!isFlag(arg)) {
      positionals.push(arg);
      continue;
    }
    const { name, inline } = splitFlag(arg);
    const flag = flags.find((known) => known.name === name);
    if (flag === undefined) throw unknownFlag(name, flags);
    if (flag.value === undefined) {
      add(name, booleanOf(name, inline ?? 'true'));
    } else if (inline !== undefined) {
      add(name, inline);
    } else {
      const next = args[++i];
      if (next === undefined) throw bad(name, `--${name} needs a value`, `write --${name} ${flag.value}`);
      add(name, next);
    }
  }
  return argumentsOf(positionals, values);
}

/**
 * Whether `--json` stands anywhere in the arguments: asked when they cannot be parsed, so that a caller who wants JSON
 * gets it with the error too.
 */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const given = args
    .slice(0, end === -1 ? undefined : end)
    .filter(isFlag)
    .map(splitFlag)
    .findLast(({ name }) => name === 'json');
  return given !== undefined && !FALSE_WORDS.includes(given.inline ?? 'true');
}

/** Whether an argument has the form of a flag; `-` alone is a name people use for standard input. */
export function isFlag(arg: string): boolean {
  return arg.startsWith('-') && arg !== '-' && arg !== '--';
}

function splitFlag(arg: string): { readonly name: string; readonly inline?: string } {
  const body = arg.startsWith('--') ? arg.slice(2) : arg.slice(1);
  const equals = body.indexOf('=');
  const name = equals === -1 ? body : body.slice(0, equals);
  const spelled = name === 'h' ? 'help' : name;
  return equals === -1 ? { name: spelled } : { name: spelled, inline: body.slice(equals + 1) };
}

function argumentsOf(
  positionals: readonly string[],
  values: ReadonlyMap<string, readonly (string | boolean)[]>,
): Arguments {
  const last = (name: string): string | boolean | undefined => values.get(name)?.at(-1);
  const text = (name: string): string | undefined => {
    const value = last(name);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  return {
    positionals,
    text,
    texts: (name) =>
      (values.get(name) ?? []).flatMap((value) => {
        const trimmed = typeof value === 'string' ? value.trim() : '';
        return trimmed === '' ? [] : [trimmed];
      }),
    whole: (name) => {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = Number(value);
      if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) {
        throw bad(name, `--${name} must be a whole number from 0, not ${JSON.stringify(value)}`);
      }
      return number;
    },
    isBlank: (name) => (values.get(name) ?? []).some((value) => typeof value === 'string' && value.trim() === ''),
    has: (name) => last(name) === true,
  };
}

function booleanOf(name: string, word: string): boolean {
  if (TRUE_WORDS.includes(word)) return true;
  if (FALSE_WORDS.includes(word)) return false;
  throw bad(name, `--${name} is true or false, not ${JSON.stringify(word)}`);
}

function unknownFlag(name: string, flags: readonly Flag[]): GaitError {
  const known = flags.map((flag) => flag.name);
  return bad(
    name,
    `unknown flag --${name}`,
    didYouMean(name, known, '--') ?? 'see --help for the flags of this command',
  );
}

function bad(flag: string, message: string, hint?: string): GaitError {
  return new GaitError('INVALID_ARGUMENT', message, { details: { flag }, ...(hint === undefined ? {} : { hint }) });
}
