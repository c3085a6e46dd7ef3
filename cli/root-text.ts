/** A report on a root for people. Pure. */
import type { RootLedger, RootReport, RootSession } from '../src/index.js';
import { problemLines, signatureLines, warningLines } from './report-parts.js';
import { clean, count, pairs } from './text.js';

export function describeRoot(report: RootReport): string[] {
  const { session_count: sessions, intact, pruned, missing, removed_sessions: removed } = report;
  return [
    `sessions: ${sessions}, of which ${intact} intact, ${pruned} pruned (proven), ${missing} missing (unproven)`,
    ...(removed === 0 ? [] : [`removed as a whole, with tombstones: ${count(removed, 'session')}`]),
    ...report.sessions.map(describeSession),
    ...(report.ledgers.length === 0 ? ['ledger: none'] : report.ledgers.map(describeLedger)),
    ...signatureLines(report, 'as far as each session and ledger says'),
    ...problemLines(report, ({ path, sequence }) => place(path, sequence)),
  ];
}

export function rootWarnings(report: RootReport): string[] {
  return warningLines(report, ({ path, sequence }) => place(path, sequence));
}

function describeSession(session: RootSession): string {
  const { path, ok, retention, last_sequence: events, pruned_to_sequence: pruned, erased_payloads: erased } = session;
  const facts = pairs({
    events,
    ...(pruned === 0 ? {} : { pruned_to: pruned }),
    ...(erased === 0 ? {} : { payloads_erased: erased }),
  });
  return `  ${clean(path)}: ${retention}${ok ? '' : ', INVALID'} (${facts})`;
}

function describeLedger(ledger: RootLedger): string {
  const {
    path,
    ok,
    last_sequence: events,
    proves_to_sequence: proves,
    tombstones,
    receipts,
    holds_in_force: holds,
  } = ledger;
  const facts = pairs({ events, proves_to: proves, tombstones, receipts, holds_in_force: holds });
  return `ledger: ${clean(path)}: ${ok ? 'ok' : 'INVALID'} (${facts})`;
}

function place(path: string, sequence: number | undefined): string {
  return sequence === undefined ? clean(path) : `${clean(path)} event ${sequence}`;
}
