/** The page that a nightly run leaves: what passed, what did not, and the charts. */
import { describeJudgement, describeLimit, isBroken, type Judgement } from '../budgets.js';
import type { Report, Row } from '../report.js';
import type { SoakReport } from '../soak/soak-report.js';

export interface NightlyResult {
  /** YYYY-MM-DD. */
  readonly date: string;
  /** Absent parts could not be finished; `failures` says why. */
  readonly soak?: SoakReport;
  readonly drift?: Report;
  readonly bench?: Report;
  /** Empty when the run was too short to judge. */
  readonly judgements: readonly Judgement[];
  /** What went wrong beside the budgets, in words. */
  readonly failures: readonly string[];
}

/** True when nothing is wrong and no budget is broken. */
export function isGreen({ soak, judgements, failures }: NightlyResult): boolean {
  return failures.length === 0 && soak?.ok === true && !judgements.some(isBroken);
}

export function summaryPage(result: NightlyResult): string {
  const { date, soak, drift, bench, judgements, failures } = result;
  const facts = bench ?? drift ?? soak;
  return [
    `# gait nightly, ${date}: ${isGreen(result) ? 'green' : 'RED'}`,
    facts === undefined ? '' : `Node ${facts.node} (V8 ${facts.v8}), ${facts.platform}, ${facts.cpus} CPUs.`,
    ...failures.map((failure) => `- **failed**: ${oneLine(failure)}`),
    ...(judgements.length === 0 ? ['Too short to judge speed.'] : budgetSection(judgements)),
    ...(soak === undefined ? [] : soakSection(soak)),
    ...(drift === undefined ? [] : ['## Drift', '![drift](drift.svg)', rowTable(drift.rows)]),
    ...(bench === undefined ? [] : benchSection(bench)),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function budgetSection(judgements: readonly Judgement[]): string[] {
  const broken = judgements.filter(isBroken);
  return [
    `## Budgets: ${judgements.length - broken.length} of ${judgements.length} kept`,
    ...broken.map((judgement) => `- **${judgement.outcome}**: ${describeJudgement(judgement)}`),
    table(
      ['metric', 'figure', 'limit', 'outcome', 'why'],
      judgements.map(({ budget, figure, outcome }) => [
        budget.metric,
        figure === null ? '' : number(figure),
        `${describeLimit(budget)}${budget.is_stretch === true ? ' (stretch)' : ''}`,
        outcome,
        budget.why,
      ]),
    ),
  ];
}

function soakSection(soak: SoakReport): string[] {
  const { latency_ms: latency } = soak;
  return [
    `## Soak: ${soak.ok ? 'passed' : 'FAILED'}`,
    `Seed ${soak.seed}, ${soak.seconds} s, ${soak.processes} processes, ${soak.faults} faults. ` +
      `${number(soak.acknowledged)} acknowledged appends in ${soak.sessions} sessions, ` +
      `${soak.pruned_sessions} of them pruned; one append p50 ${latency.p50} ms, p99 ${latency.p99} ms.`,
    ...soak.failures.slice(0, 20).map((failure) => `- ${oneLine(failure)}`),
    '![soak](soak.svg)',
    table(
      ['what', 'times'],
      Object.entries(soak.tally).map(([what, times]) => [what, number(times)]),
    ),
  ];
}

function benchSection({ rows, missing_peers: missing, line_bytes: lineBytes }: Report): string[] {
  return [
    '## Benchmarks',
    `Lines of ${lineBytes} bytes; medians, and ratios round by round.`,
    ...Object.entries(missing).map(([peer, reason]) => `- without ${peer}: ${oneLine(reason)}`),
    '![bench](bench.svg)',
    rowTable(rows),
  ];
}

function rowTable(rows: readonly Row[]): string {
  return table(
    ['metric', 'unit', 'floor', 'gait', 'ratio', 'peers (gait / peer)'],
    rows.map((row) => [
      row.metric,
      row.unit,
      row.floor === null ? '' : number(row.floor),
      number(row.project),
      row.ratio === null ? '' : number(row.ratio),
      row.peers.map(({ name, ratio }) => `${name} ${number(ratio)}`).join('; '),
    ]),
  );
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => oneLine(cell)).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Nothing that would end a line or a cell of a table. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim().slice(0, 500);
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}
