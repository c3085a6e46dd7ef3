/** Rows of figures as a table for people, with what is promised of them. */
import { describeLimit, judgeAll, type Budget } from './budgets.js';
import type { Row } from './report.js';

const HEADINGS = ['id', 'metric', 'unit', 'floor', 'project', 'ratio (quartiles)', 'budget', 'met', 'floor is'];

/** One line a row, and under it one for each peer. Nothing is judged when `budgets` is empty. */
export function renderTable(rows: readonly Row[], budgets: readonly Budget[]): string {
  const cells = [HEADINGS, ...rows.flatMap((row) => [toCells(row, budgets), ...peerCells(row, budgets)])];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const [headings = HEADINGS, ...body] = cells;
  return [line(headings), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

function toCells(row: Row, budgets: readonly Budget[]): string[] {
  const own = budgets.filter(({ ratio_to: ratioTo }) => ratioTo !== 'peer');
  const ratio = row.ratio === null ? '' : withQuartiles(row.ratio, row.ratio_quartiles);
  const figures = [short(row.floor), short(row.project), ratio];
  return [row.id, row.metric, row.unit, ...figures, ...judged(row, own), row.floor_is];
}

function peerCells(row: Row, budgets: readonly Budget[]): string[][] {
  return row.peers.map(({ name, figure, ratio, ratio_quartiles: around }) => {
    const own = budgets.filter(({ ratio_to: ratioTo, peer }) => ratioTo === 'peer' && peer === name);
    return ['', `  beside ${name}`, '', short(figure), '', withQuartiles(ratio, around), ...judged(row, own), ''];
  });
}

/** Limits of this row and whether they are met, as two cells. */
function judged(row: Row, budgets: readonly Budget[]): [string, string] {
  const judgements = judgeAll(
    budgets.filter(({ metric }) => metric === row.id),
    [row],
  );
  const stretch = (budget: Budget): string => (budget.is_stretch === true ? ' (stretch)' : '');
  return [
    judgements.map(({ budget }) => `${describeLimit(budget)}${stretch(budget)}`).join(', '),
    judgements.map(({ outcome }) => (outcome === 'met' ? 'yes' : 'NO')).join(', '),
  ];
}

function withQuartiles(ratio: number, around: readonly [number, number] | null): string {
  return `${short(ratio)} (${short(around?.[0])}..${short(around?.[1])})`;
}

/** A figure with as many digits as mean something. */
function short(figure: number | null | undefined): string {
  if (figure === null || figure === undefined) return '';
  const maximumFractionDigits = figure >= 1000 ? 0 : figure >= 20 ? 1 : 2;
  return figure.toLocaleString('en-US', { maximumFractionDigits });
}
