/** What the project promises of its speed: perf/budgets.json, a row each, judged against what was measured. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './paths.js';
import type { Row } from './report.js';

export interface Budget {
  /** Id of the row it is about, from the table of a run: `durable.exclusive`. */
  readonly metric: string;
  /** `floor`, `peer`: project / that, measured beside it in the same rounds. `figure`: the project's own. */
  readonly ratio_to: 'floor' | 'peer' | 'figure';
  /** Name of the peer, with `peer` only. */
  readonly peer?: string;
  /** Exactly one of these two. */
  readonly at_least?: number;
  readonly at_most?: number;
  /** Wanted, not promised: missing it is said and is no failure. */
  readonly is_stretch?: boolean;
  readonly why: string;
}

export interface Judgement {
  readonly budget: Budget;
  /** Null when nothing was measured for it. */
  readonly figure: number | null;
  readonly outcome: 'met' | 'missed' | 'not measured';
}

/** Everything in perf/budgets.json; test/perf/budgets.test.ts holds the file to its schema. */
export function readBudgets(): readonly Budget[] {
  const text = readFileSync(join(repositoryRoot, 'perf', 'budgets.json'), 'utf8');
  return (JSON.parse(text) as { readonly budgets: readonly Budget[] }).budgets;
}

/** Each budget against the row with its id, in the order of the budgets. */
export function judgeAll(budgets: readonly Budget[], rows: readonly Row[]): Judgement[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return budgets.map((budget) => judge(budget, byId.get(budget.metric)));
}

function judge(budget: Budget, row: Row | undefined): Judgement {
  const figure = row === undefined ? null : figureOf(budget, row);
  if (figure === null || Number.isNaN(figure)) return { budget, figure: null, outcome: 'not measured' };
  const { at_least: atLeast = -Infinity, at_most: atMost = Infinity } = budget;
  return { budget, figure, outcome: figure >= atLeast && figure <= atMost ? 'met' : 'missed' };
}

function figureOf({ ratio_to: ratioTo, peer }: Budget, row: Row): number | null {
  if (ratioTo === 'figure') return row.project;
  if (ratioTo === 'floor') return row.ratio;
  return row.peers.find(({ name }) => name === peer)?.ratio ?? null;
}

/** A budget that keeps the build red: missed, or not measured at all, and not only wished for. */
export function isBroken({ budget, outcome }: Judgement): boolean {
  return outcome !== 'met' && budget.is_stretch !== true;
}

/** `durable.exclusive: 0.88 x its floor, limit >= 0.92: missed (why)`. */
export function describeJudgement({ budget, figure, outcome }: Judgement): string {
  const found = figure === null ? 'no figure' : figure.toLocaleString('en-US', { maximumFractionDigits: 3 });
  const stretch = budget.is_stretch === true ? ', a stretch' : '';
  return `${budget.metric}: ${found} ${ofWhat(budget)}, limit ${limitOf(budget)}${stretch}: ${outcome} (${budget.why})`;
}

/** `>= 0.92 x floor`. */
export function describeLimit(budget: Budget): string {
  return `${limitOf(budget)}${budget.ratio_to === 'figure' ? '' : ` ${ofWhat(budget)}`}`;
}

function limitOf({ at_least: atLeast, at_most: atMost }: Budget): string {
  return `${atLeast === undefined ? '<=' : '>='} ${(atLeast ?? atMost)?.toLocaleString('en-US')}`;
}

function ofWhat({ ratio_to: ratioTo, peer }: Budget): string {
  if (ratioTo === 'figure') return 'in its own unit';
  return `x ${ratioTo === 'peer' ? peer : 'floor'}`;
}
