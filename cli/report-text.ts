/** A verify report for people: the verdict first, then who signed what, then every problem. Pure. */
import type { ArtifactReport, TraceReport } from '../src/index.js';
import { chainWarnings, describeChain } from './chain-text.js';
import { describeJournal, journalWarnings } from './journal-text.js';
import { describeProof, proofWarnings } from './proof-text.js';
import { headline, unprovenLines } from './report-parts.js';
import { describeRoot, rootWarnings } from './root-text.js';
import { describeRunpack, runpackWarnings } from './runpack-text.js';
import { clean } from './text.js';
import { describeTrace } from './trace-text.js';

export type AnyReport = ArtifactReport | TraceReport;

export function describeReport(report: AnyReport): string[] {
  return [headline(report), ...describeBody(report)];
}

/** The report without its first line. */
export function describeBody(report: AnyReport): string[] {
  switch (report.kind) {
    case 'journal':
      return describeJournal(report);
    case 'root':
      return describeRoot(report);
    case 'runpack':
      return describeRunpack(report);
    case 'chain':
      return describeChain(report);
    case 'trace':
      // Its own first line is that of `trace verify`.
      return describeTrace(report).slice(1);
    case 'note':
    case 'inclusion_proof':
    case 'consistency_proof':
      return describeProof(report);
  }
}

/** What is not proved but no failure either; a line each. @param isOneOfSeveral whether the path has to be said */
export function describeWarnings(report: AnyReport, isOneOfSeveral = false): string[] {
  const label = isOneOfSeveral ? `warning: ${clean(report.path)}` : 'warning';
  return warningsOf(report).map((text) => `${label}: ${text}`);
}

function warningsOf(report: AnyReport): string[] {
  switch (report.kind) {
    case 'journal':
      return journalWarnings(report);
    case 'root':
      return rootWarnings(report);
    case 'runpack':
      return runpackWarnings(report);
    case 'chain':
      return chainWarnings(report);
    case 'trace':
      return [...unprovenLines(report.verdict), ...report.warnings.map(({ meaning }) => clean(meaning))];
    case 'note':
    case 'inclusion_proof':
    case 'consistency_proof':
      return proofWarnings(report);
  }
}
