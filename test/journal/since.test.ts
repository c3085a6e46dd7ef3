/** A head that the verifier holds already: truncation and rollback behind it are found, and only behind it. */
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyJournal, type VerifyOptions, type VerifyReport } from '../../src/index.js';
import { caught, linesOf } from '../support/journal-fixtures.js';
import { parsed, relinked, type Line } from '../support/rewriter.js';
import { KEY, OTHER_KEY, sealedSession, type SealedSession } from '../support/sealed-session.js';

const EVENTS = 20;
const WITH_KEY = { publicKeys: [KEY.publicKey] };

let session: SealedSession;
let lines: readonly string[];

beforeAll(async () => {
  session = await sealedSession(EVENTS);
  lines = linesOf(session.journal);
});

async function verifyLines(kept: readonly string[], options: VerifyOptions): Promise<VerifyReport> {
  writeFileSync(session.journal, kept.map((line) => `${line}\n`).join(''));
  return verifyJournal(session.journal, options);
}

/** Every head that was ever given away: its text, and how many lines the log had. */
const heads = (): { readonly since: string; readonly size: number }[] => [
  ...session.receipts.map((receipt) => ({ since: JSON.stringify(receipt), size: receipt.leaf_index + 1 })),
  ...session.notes.map((note) => ({ since: note, size: Number(note.split('\n')[1]) })),
];

describe('a journal cut behind a line', () => {
  it('is found at every line by every receipt and every note of what came after', async () => {
    const unfound: string[] = [];
    let checked = 0;
    for (let kept = 1; kept < lines.length; kept += 1) {
      for (const { since, size } of heads()) {
        const report = await verifyLines(lines.slice(0, kept), { ...WITH_KEY, since });
        const [first] = report.problems;
        const isNamed = first?.kind === 'truncated' && first.line === kept + 1 && report.problem_count === 1;
        if (size > kept ? !isNamed : !report.ok) unfound.push(`${kept} lines kept, head of ${size}`);
        checked += 1;
      }
    }
    expect(unfound).toEqual([]);
    expect(checked).toBe((lines.length - 1) * (session.receipts.length + session.notes.length));
  });

  it('is a sound, shorter journal to whoever holds no head and no index: this is what receipts are for', async () => {
    for (let kept = 1; kept < lines.length; kept += 1) {
      expect(await verifyLines(lines.slice(0, kept), WITH_KEY)).toMatchObject({ ok: true, coverage: { lines: kept } });
    }
  });
});

function withoutSignatures({ note: _note, ...line }: Line): Line {
  const { signature: _signature, ...checkpoint } = line.checkpoint ?? {};
  return { ...line, checkpoint };
}

describe('a journal written anew', () => {
  it('behind the line of a receipt, or the tree of a note, is found; before what the head covers too', async () => {
    for (let changed = 2; changed < lines.length; changed += 1) {
      const target = parsed(lines)[changed - 1];
      if (target?.event === undefined) continue;
      const event = { ...target.event, tool_name: 'harmless.read' };
      const forged = relinked(parsed(lines).with(changed - 1, { ...target, event }), (line, head) =>
        // What the change does not touch stays signed as it was.
        head.size < changed ? line : withoutSignatures(line),
      );
      for (const { since, size } of heads()) {
        const report = await verifyLines(forged, { ...WITH_KEY, since });
        const isCovered = size >= changed;
        expect(report.problems.map(({ kind }) => kind)).toEqual(isCovered ? ['anchor_mismatch'] : []);
      }
    }
  });
});

describe('the text of a head', () => {
  it('may be a receipt, what append printed, or a note', async () => {
    const receipt = session.receipts.at(-1);
    const printed = JSON.stringify({ ok: true, receipt }, null, 2);
    for (const since of [
      JSON.stringify(receipt),
      `${JSON.stringify(receipt)}\n`,
      printed,
      session.notes.at(-1) ?? '',
    ]) {
      expect((await verifyLines(lines, { since })).ok).toBe(true);
      expect((await verifyLines(lines.slice(0, 3), { since })).problems).toMatchObject([
        { kind: 'truncated', line: 4 },
      ]);
    }
  });

  it('of another session says so', async () => {
    const since = JSON.stringify({ ...session.receipts[0], session_id: 's2' });
    expect((await verifyLines(lines, { since })).problems).toMatchObject([
      { kind: 'anchor_mismatch', line: 1, expected: 's2', found: 's1' },
    ]);
  });

  it.each<[string, (receipt: object) => string]>([
    ['INVALID_ARGUMENT', () => '{}'],
    ['INVALID_ARGUMENT', () => '{"receipt":null}'],
    ['INVALID_ARGUMENT', (receipt) => JSON.stringify({ ...receipt, leaf_index: -1 })],
    ['INVALID_ARGUMENT', (receipt) => JSON.stringify({ ...receipt, leaf_index: 1.5 })],
    ['INVALID_ARGUMENT', (receipt) => JSON.stringify({ ...receipt, leaf_hash: 'A'.repeat(64) })],
    ['INVALID_ARGUMENT', (receipt) => JSON.stringify({ ...receipt, session_id: 1 })],
    ['INVALID_JSON', () => '{"leaf_index":1,"leaf_index":2}'],
    ['INVALID_JSON', () => '{'],
    ['INVALID_NOTE', () => ''],
    ['INVALID_NOTE', () => '[]'],
    ['INVALID_NOTE', () => 'null'],
  ])('that is none is refused as %s', async (code, make) => {
    const since = make(session.receipts[0] ?? {});
    expect((await caught(verifyLines(lines, { since }))).code).toBe(code);
  });

  it('as a note must be signed by one of the keys given, when any is given', async () => {
    const since = session.notes[0] ?? '';
    const changed = since.replace(/^(gait\/s1\n)\d+/, '$11');
    expect((await caught(verifyLines(lines, { since: changed, ...WITH_KEY }))).code).toBe('SIGNATURE_INVALID');
    const theirs = { publicKeys: [OTHER_KEY.publicKey] };
    expect((await caught(verifyLines(lines, { since, ...theirs }))).code).toBe('SIGNATURE_INVALID');
  });
});
