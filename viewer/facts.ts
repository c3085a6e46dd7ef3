/** The top of the page: the verdict, what it covers, what it does not, and the key to check with. */
import type { Row, Verdict } from './check.js';
import { byId, el, facts } from './dom.js';
import type { Evidence } from './evidence.js';

type Colour = 'good' | 'doubtful' | 'bad';

/** @param isIntact whether the carried data is what the page was made with */
export function showVerdict(evidence: Evidence, verdict: Verdict, isIntact: boolean, hasKeys: boolean): Colour {
  const { faults } = verdict;
  const isBad = faults.length > 0 || !isIntact || !evidence.report.ok;
  const colour = isBad ? 'bad' : verdict.signatures > 0 && verdict.isWhole ? 'good' : 'doubtful';
  const [first] = faults;
  const headline = isBad
    ? !isIntact
      ? 'This page was changed after it was made'
      : first === undefined
        ? 'gait found this journal invalid'
        : 'The evidence in this page does not hold'
    : colour === 'good'
      ? 'The evidence in this page holds, and it is signed'
      : !verdict.isWhole
        ? 'What is left of this journal fits together; lines before it are gone'
        : hasKeys
          ? 'The lines hold together, but no signature of a given key covers them'
          : 'The lines hold together; signatures were not checked';
  const banner = byId('verdict');
  banner.className = colour;
  banner.replaceChildren(
    el('h2', {}, `${{ good: '✓', doubtful: '!', bad: '✗' }[colour]} ${headline}`),
    ...reasons(evidence, verdict, hasKeys).map((text) => el('p', {}, text)),
    ...(faults.length === 0
      ? []
      : [el('ul', {}, ...faults.slice(0, 20).map(({ leaf, reason }) => el('li', {}, `line ${leaf + 1}: ${reason}`)))]),
  );
  document.title = `${colour === 'bad' ? 'INVALID · ' : ''}${document.title.replace(/^INVALID · /, '')}`;
  return colour;
}

function reasons({ report, lines, window }: Evidence, verdict: Verdict, hasKeys: boolean): string[] {
  if (verdict.faults.length > 0)
    return [`Computed in this browser just now. ${plural(verdict.faults.length, 'fault')}:`];
  const signedTo = lastSealed(verdict.rows, verdict.signedSize);
  return [
    `Computed in this browser just now, offline: ${plural(lines.length, 'line')} hashed, ${verdict.linked} linked, ${plural(verdict.roots, 'root')} recomputed, ${plural(verdict.signatures, 'signature')} verified.`,
    ...(verdict.signatures > 0 ? [`Signed up to event ${signedTo} by ${verdict.signers.join(', ')}.`] : []),
    ...(hasKeys || verdict.unchecked === 0
      ? []
      : [
          'Enter the public key you trust below to check the signatures. A key that came with the page proves nothing by itself.',
        ]),
    ...(verdict.isWhole
      ? []
      : [
          `${plural(window.missing ?? 0, 'line')} of the log are no longer in the journal (gait: ${report.retention ?? 'unknown'}). Roots cannot be computed without them; gait verify holds them to the archive and the ledger.`,
        ]),
    ...(window.start > 0
      ? [
          `The page carries the newest ${plural(lines.length, 'line')}; ${plural(window.start, 'earlier line')} left out are bound by their hashes alone. Verify the journal itself for all of them.`,
        ]
      : []),
    ...(report.coverage.unsigned_events > 0
      ? [
          `${plural(report.coverage.unsigned_events, 'event')} at the end: not covered by a verified signature when this page was made.`,
        ]
      : []),
    ...(report.ok ? [] : report.problems.slice(0, 10).map(({ line, meaning }) => `gait: line ${line}: ${meaning}`)),
  ];
}

export function showSummary(
  { report, journal, generated_at, producer_version, keys }: Evidence,
  verdict: Verdict,
): void {
  const events = verdict.rows.filter(({ kind }) => kind === 'event');
  const verdicts = new Map<string, number>();
  for (const { fields } of events) {
    const name = String(fields['verdict']);
    verdicts.set(name, (verdicts.get(name) ?? 0) + 1);
  }
  byId('summary').replaceChildren(
    facts([
      ['Session', `${report.session_id ?? 'unknown'}${report.coverage.closed ? ' (closed)' : ''}`],
      ['Run', report.run_id ?? 'unknown'],
      ['Journal', journal],
      [
        'Time',
        events.length === 0
          ? 'no event'
          : `${String(events[0]?.fields['created_at'])} to ${String(events.at(-1)?.fields['created_at'])}`,
      ],
      ['Events', String(report.coverage.events)],
      ['Decisions', [...verdicts].map(([name, n]) => `${name} ${n}`).join(', ') || 'none'],
      ['Checkpoints', String(report.coverage.checkpoints)],
      ['Tree size', String(verdict.tree.size)],
      ['Root', verdict.root],
      ['Keys in this page', keys.map(({ key_id: id }) => id).join(', ') || 'none'],
      ['Page made', `${generated_at} by gait ${producer_version}`],
    ]),
  );
}

/** The last event before a line. */
function lastSealed(rows: readonly Row[], size: number): string {
  const event = rows.findLast(({ kind, leaf }) => kind === 'event' && leaf < size);
  const number = event?.fields['sequence'];
  return typeof number === 'number' ? String(number) : '?';
}

export function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
