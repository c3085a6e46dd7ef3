/** The lines, newest last, searchable; each opens to its fields, its hashes and its proof. */
import type { Row, Verdict } from './check.js';
import { byId, copyButton, el, facts } from './dom.js';
import { toBase64 } from './note.js';
import { plural } from './facts.js';

/** Rows drawn at a time: more, and a browser takes seconds to lay them out. */
const PAGE_ROWS = 500;

/** Filters by what the reader types, and by decision. */
export class Timeline {
  #verdict: Verdict;
  #shown = PAGE_ROWS;
  readonly #search = byId('search') as HTMLInputElement;
  readonly #decision = byId('decision') as HTMLSelectElement;
  readonly #list = byId('timeline');

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
    const again = (): void => {
      this.#shown = PAGE_ROWS;
      this.draw();
    };
    this.#search.addEventListener('input', again);
    this.#decision.addEventListener('change', again);
    document.addEventListener('keydown', (event) => this.#onKey(event));
  }

  update(verdict: Verdict): void {
    this.#verdict = verdict;
    this.draw();
  }

  draw(): void {
    const rows = this.#matching();
    const faults = new Map(this.#verdict.faults.map(({ leaf, reason }) => [leaf, reason]));
    byId('count').textContent = `${plural(rows.length, 'line')} of ${this.#verdict.rows.length}`;
    const more = rows.length - this.#shown;
    this.#list.replaceChildren(
      ...rows.slice(0, this.#shown).map((row) => el('li', {}, this.#row(row, faults.get(row.leaf)))),
      ...(more > 0 ? [el('li', {}, this.#moreButton(more))] : []),
    );
  }

  #matching(): readonly Row[] {
    const words = this.#search.value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const decision = this.#decision.value;
    return this.#verdict.rows.filter(({ text, fields, kind }) => {
      if (decision !== '' && (decision === 'checkpoint' ? kind !== 'checkpoint' : fields['verdict'] !== decision))
        return false;
      const haystack = text.toLowerCase();
      return words.every((word) => haystack.includes(word));
    });
  }

  #moreButton(more: number): HTMLElement {
    const button = el('button', { type: 'button' }, `Show ${Math.min(more, PAGE_ROWS)} of ${more} more`);
    button.addEventListener('click', () => {
      this.#shown += PAGE_ROWS;
      this.draw();
    });
    return button;
  }

  #row(row: Row, fault: string | undefined): HTMLElement {
    const summary = el('summary', {}, ...summaryOf(row));
    const details = el('details', { class: `${row.kind}${fault === undefined ? '' : ' fault'}` }, summary);
    if (fault !== undefined) summary.append(el('strong', { class: 'bad' }, `✗ ${fault}`));
    details.addEventListener('toggle', () => {
      if (details.open && details.childElementCount === 1) details.append(this.#body(row));
    });
    return details;
  }

  #body(row: Row): HTMLElement {
    const entries = Object.entries(row.fields).map(
      ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    );
    const seal = this.#verdict.rows.find(
      ({ kind, leaf, note }) => kind === 'checkpoint' && leaf > row.leaf && note !== undefined,
    );
    return el(
      'div',
      { class: 'body' },
      facts([
        ...entries,
        ['line', String(row.leaf + 1)],
        ['leaf hash', row.hash],
        ['names before it', row.prev ?? 'nothing'],
        [
          'sealed by',
          seal === undefined
            ? 'no signed checkpoint in this page'
            : `checkpoint ${String(seal.fields['checkpoint_index'])}`,
        ],
      ]),
      row.note === undefined ? undefined : copyButton('Copy the signed note', () => row.note ?? ''),
      seal === undefined || !this.#verdict.isWhole
        ? undefined
        : copyButton('Copy the inclusion proof', () => this.#proof(row, seal)),
      el('pre', { tabindex: '0', 'aria-label': 'the line as it is stored' }, row.text),
    );
  }

  /** A C2SP tlog proof with the line as its extra data, as `gait prove` writes it and `gait verify` reads it. */
  #proof(row: Row, seal: Row): string {
    return [
      'c2sp.org/tlog-proof@v1',
      `extra ${toBase64(new TextEncoder().encode(row.text))}`,
      `index ${row.leaf}`,
      ...this.#verdict.tree.path(row.leaf, seal.leaf).map(toBase64),
      '',
      seal.note ?? '',
    ].join('\n');
  }

  /** `/` goes to the search; up and down go from line to line. */
  #onKey(event: KeyboardEvent): void {
    const { activeElement } = document;
    if (event.key === '/' && !(activeElement instanceof HTMLInputElement)) {
      event.preventDefault();
      this.#search.focus();
      return;
    }
    if (event.key === 'Escape' && activeElement === this.#search) {
      this.#search.value = '';
      this.#search.dispatchEvent(new Event('input'));
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const summaries = [...this.#list.querySelectorAll('summary')];
    const at = summaries.findIndex((summary) => summary === activeElement);
    if (at === -1 && activeElement !== this.#search) return;
    event.preventDefault();
    summaries[event.key === 'ArrowDown' ? at + 1 : Math.max(0, at - 1)]?.focus();
  }
}

function summaryOf({ kind, fields, leaf }: Row): HTMLElement[] {
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  const time = el('time', {}, text('created_at').replace(/\.\d+Z$/, 'Z'));
  switch (kind) {
    case 'header':
      return [el('b', {}, 'start'), time, el('span', {}, text('origin') || text('session_id'))];
    case 'checkpoint': {
      const range = `events ${String(fields['sequence_start'])} to ${String(fields['sequence_end'])}`;
      return [el('b', {}, `checkpoint ${String(fields['checkpoint_index'])}`), time, el('span', {}, range)];
    }
    case 'event': {
      const verdict = text('verdict');
      const reasons = Array.isArray(fields['reason_codes']) ? fields['reason_codes'].join(', ') : '';
      return [
        el('b', {}, `#${String(fields['sequence'])}`),
        time,
        el('span', { class: `decision ${/^[a-z_]+$/.test(verdict) ? verdict : 'unknown'}` }, verdict),
        el('span', { class: 'tool' }, text('tool_name')),
        el('span', { class: 'faint' }, [text('actor'), reasons].filter((part) => part !== '').join(' · ')),
      ];
    }
    case 'unknown':
      return [el('b', {}, `line ${leaf + 1}`), el('span', { class: 'bad' }, 'no line of a journal')];
  }
}
