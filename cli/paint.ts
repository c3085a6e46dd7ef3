/** Colour, where it is wanted: on a terminal, unless NO_COLOR says no or FORCE_COLOR says yes. Pure. */
import type { Io } from './io.js';

type Painter = (text: string) => string;

/** By meaning, so that a verdict has one colour everywhere. */
export interface Paint {
  readonly good: Painter;
  readonly doubtful: Painter;
  readonly bad: Painter;
  readonly strong: Painter;
  readonly faint: Painter;
}

const RESET = '\u001b[0m';
const CODES: Readonly<Record<keyof Paint, string>> = {
  good: '\u001b[32m',
  doubtful: '\u001b[33m',
  bad: '\u001b[31m',
  strong: '\u001b[1m',
  faint: '\u001b[2m',
};

/** For what goes to standard output. */
export function paintFor({ env, stdout }: Pick<Io, 'env' | 'stdout'>): Paint {
  return hasColour(env, stdout.isTTY === true) ? coloured : plain;
}

/** https://no-color.org and https://force-color.org: a variable that is set and not empty counts; NO_COLOR is the stronger. */
export function hasColour(env: Io['env'], isTerminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

const paintOf = (code: string): Painter => (code === '' ? (text) => text : (text) => `${code}${text}${RESET}`);

const coloured: Paint = {
  good: paintOf(CODES.good),
  doubtful: paintOf(CODES.doubtful),
  bad: paintOf(CODES.bad),
  strong: paintOf(CODES.strong),
  faint: paintOf(CODES.faint),
};

const plain: Paint = {
  good: paintOf(''),
  doubtful: paintOf(''),
  bad: paintOf(''),
  strong: paintOf(''),
  faint: paintOf(''),
};
