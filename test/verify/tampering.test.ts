/** What whoever can write the files might do to a sealed journal, line by line and as a whole. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyJournal, type VerifyOptions, type VerifyReport } from '../../src/index.js';
import { keyId, sessionOrigin, signCheckpoint, signValue, type KeyPair } from '../../src/sign/index.js';
import { goEventLine, IDS, linesOf, newJournal, removeIndex, withJournal } from '../support/journal-fixtures.js';
import { parsed, relinked, textOf, type Head, type Line } from '../support/rewriter.js';
import { KEY, OTHER_KEY, sealedSession, STRICT, type SealedSession } from '../support/sealed-session.js';

const EVENTS = 20;
const LINES = 1 + EVENTS + 3;
const WITH_KEY = { publicKeys: [KEY.publicKey] };
const REQUIRED = { ...WITH_KEY, requireSignature: true };

let session: SealedSession;
let lines: readonly string[];

beforeAll(async () => {
  session = await sealedSession(EVENTS);
  lines = linesOf(session.journal);
});

async function verifyLines(changed: readonly string[], options: VerifyOptions = WITH_KEY): Promise<VerifyReport> {
  writeFileSync(session.journal, changed.map((line) => `${line}\n`).join(''));
  return verifyJournal(session.journal, options);
}

const placesOf = ({ problems }: VerifyReport): number[] => problems.map(({ line }) => line);
const kindsOf = ({ problems }: VerifyReport): string[] => [...new Set(problems.map(({ kind }) => kind))].toSorted();

/** Nothing before the change is accused, and one of the lines at its place is. */
function expectNamed(report: VerifyReport, places: readonly number[]): void {
  expect(report.ok).toBe(false);
  expect(placesOf(report).some((line) => places.includes(line))).toBe(true);
  expect(Math.min(...placesOf(report))).toBeGreaterThanOrEqual(Math.min(...places));
}

describe('a line of a sealed journal that is', () => {
  const inner = Array.from({ length: LINES - 2 }, (_, index) => index + 2);

  it('whole, in its place, is no problem', async () => {
    expect(lines).toHaveLength(LINES);
    const report = await verifyLines(lines, STRICT);
    expect(report).toMatchObject({ ok: true, signature_status: 'verified', signed_by: [keyId(KEY.publicKey)] });
    expect(report.coverage).toMatchObject({ signed_to_sequence: EVENTS, unsigned_events: 0, closed: true });
    expect(report.warning_count).toBe(0);
  });

  it.each(inner)('deleted (line %i) is missed where it stood', async (line) => {
    expectNamed(await verifyLines(lines.toSpliced(line - 1, 1)), [line - 1, line]);
  });

  it.each(inner)('doubled (line %i) is found where it stands for the second time', async (line) => {
    const report = await verifyLines(lines.toSpliced(line, 0, lines[line - 1] ?? ''));
    expectNamed(report, [line, line + 1]);
  });

  it('doubled at the very end is found there', async () => {
    expectNamed(await verifyLines([...lines, lines.at(-1) ?? '']), [LINES, LINES + 1]);
  });

  it.each(inner)('swapped with the next (line %i) is found at its places', async (line) => {
    const swapped = lines.with(line - 1, lines[line] ?? '').with(line, lines[line - 1] ?? '');
    const report = await verifyLines(swapped);
    expectNamed(report, [line - 1, line, line + 1]);
    expect(placesOf(report)).toEqual(expect.arrayContaining([line]));
  });

  it.each(inner)('inserted (before line %i) as the Go tool writes it is found', async (line) => {
    const before = parsed(lines.slice(0, line - 1)).findLast(({ event }) => event !== undefined);
    const report = await verifyLines(
      lines.toSpliced(line - 1, 0, goEventLine(Number(before?.event?.['sequence'] ?? 0) + 1)),
    );
    expectNamed(report, [line - 1, line, line + 1]);
  });

  it.each(inner)('inserted (before line %i) with the right link to the line before is found', async (line) => {
    const linked = relinked(parsed([...lines.slice(0, line - 1), goEventLine(1)])).at(-1) ?? '';
    expectNamed(await verifyLines(lines.toSpliced(line - 1, 0, linked)), [line - 1, line, line + 1]);
  });

  it('the header, deleted, doubled or moved, is found', async () => {
    expect((await verifyLines(lines.slice(1))).problems[0]).toMatchObject({ kind: 'missing_header', line: 1 });
    const doubled = await verifyLines([lines[0] ?? '', ...lines]);
    expect(doubled.problems).toContainEqual(expect.objectContaining({ kind: 'duplicate_header', line: 2 }));
    expectNamed(await verifyLines([lines[1] ?? '', lines[0] ?? '', ...lines.slice(2)]), [1, 2]);
  });

  it('written after the close is found, linked as it may be, and stays a problem under another signature', async () => {
    const late = relinked([...parsed(lines), JSON.parse(goEventLine(EVENTS + 1)) as Line]);
    expect(late.slice(0, LINES)).toEqual(lines);
    const report = await verifyLines(late);
    expect(report.problems).toMatchObject([{ kind: 'event_after_close', line: LINES + 1, sequence: EVENTS + 1 }]);
  });
});

/** One event says something else; every hash is made right again. */
function forged(resign?: (line: Line, head: Head) => Line): string[] {
  const changed = parsed(lines).map((line) =>
    line.event?.['sequence'] === 3 ? { ...line, event: { ...line.event, tool_name: 'harmless.read' } } : line,
  );
  return relinked(changed, resign);
}

function unsigned({ note: _note, ...line }: Line): Line {
  const { signature: _signature, ...checkpoint } = line.checkpoint ?? {};
  return { ...line, checkpoint };
}

function signedBy(key: KeyPair): (line: Line, head: Head) => Line {
  return (line, head) => {
    const { checkpoint } = unsigned(line);
    const note = signCheckpoint({ origin: sessionOrigin(IDS.session_id), ...head }, key);
    return { ...line, checkpoint: { ...checkpoint, signature: signValue(checkpoint, key) }, note };
  };
}

describe('a whole journal written anew, with every hash right', () => {
  it('is what its writer would have written: the rewriter itself finds nothing to change', () => {
    expect(relinked(parsed(lines))).toEqual(lines);
    expect(relinked(parsed(lines), signedBy(KEY))).toEqual(lines);
  });

  it('and without its signatures is found by whoever demands them, and by nobody else', async () => {
    const bare = forged(unsigned);
    expect(await verifyLines(bare, {})).toMatchObject({ ok: true, signature_status: 'missing' });
    expect(kindsOf(await verifyLines(bare, STRICT))).toEqual(['signature_missing', 'unsigned_tail']);
    expect(kindsOf(await verifyLines(bare, REQUIRED))).toEqual(['signature_missing']);
    // A key alone is no demand: it is said aloud, as a warning.
    expect(await verifyLines(bare)).toMatchObject({ ok: true, signature_status: 'missing' });
    expect((await verifyLines(bare)).warnings.map(({ kind }) => kind)).toContain('signature_missing');
    expect((await verifyLines(bare, { ...WITH_KEY, since: session.notes[0] ?? '' })).problems).toMatchObject([
      { kind: 'anchor_mismatch' },
    ]);
  });

  it('and with the signatures that were there is found with or without the key', async () => {
    for (const options of [{}, WITH_KEY, STRICT]) {
      expect((await verifyLines(forged(), options)).problems).toContainEqual(
        expect.objectContaining({ kind: 'signature_invalid' }),
      );
    }
  });

  it('and signed with a key of the forger is signed by a key that nobody gave', async () => {
    const theirs = forged(signedBy(OTHER_KEY));
    for (const options of [WITH_KEY, REQUIRED, STRICT]) {
      const report = await verifyLines(theirs, options);
      expect(kindsOf(report)).toContain('unknown_key');
      expect(report).toMatchObject({ ok: false, signature_status: 'failed', signed_by: [] });
      expect(report.coverage.signed_to_sequence).toBe(0);
    }
    expect(await verifyLines(theirs, { publicKeys: [OTHER_KEY.publicKey], profile: 'strict' })).toMatchObject({
      ok: true,
      signed_by: [keyId(OTHER_KEY.publicKey)],
    });
  });

  it('from one checkpoint on, by a forger with a key, is found at that checkpoint, and what came before stands', async () => {
    const checkpoints = parsed(lines).flatMap(({ checkpoint }, index) => (checkpoint === undefined ? [] : [index]));
    const second = checkpoints[1] ?? 0;
    const resigned = relinked(parsed(lines), (line, head) =>
      head.size < second ? line : signedBy(OTHER_KEY)(line, head),
    );
    const report = await verifyLines(resigned);
    expect(report.problems.map(({ kind, line }) => [kind, line])).toEqual(
      checkpoints.slice(1).map((index) => ['unknown_key', index + 1]),
    );
    expect(report.coverage.signed_to_sequence).toBe(parsed(lines)[checkpoints[0] ?? 0]?.checkpoint?.['sequence_end']);
  });
});

describe('lines of the Go tool, which nothing links to', () => {
  it('are covered by the root of the checkpoint after them: a change of any of them is found there', async () => {
    const path = await newJournal(1);
    const goLines = [2, 3, 4].map((sequence) => goEventLine(sequence));
    appendFileSync(path, goLines.map((line) => `${line}\n`).join(''));
    await withJournal(path, (journal) => journal.checkpoint({ key: KEY }));
    removeIndex(path);
    const mixed = linesOf(path);
    expect(await verifyLines(mixed)).toMatchObject({ ok: true, coverage: { unlinked_lines: 3 } });
    for (const line of [3, 4]) {
      const changed = mixed.with(line - 1, (mixed[line - 1] ?? '').replace('"allow"', '"block"'));
      expect((await verifyLines(changed)).problems).toMatchObject([{ kind: 'checkpoint_mismatch', line: 6 }]);
    }
  });
});

describe('signatures of the last checkpoint, which nothing links to', () => {
  const lastAs = (change: (line: Line) => Line): string[] => [
    ...lines.slice(0, -1),
    textOf(change(parsed(lines).at(-1) as Line)),
  ];

  const lastHead = (): Head => ({
    size: LINES - 1,
    root: Buffer.from(String(parsed(lines).at(-1)?.checkpoint?.['root_hash']), 'hex'),
  });

  it.each<[string, (line: Line) => Line]>([
    ['without its note', ({ note: _note, ...line }) => line],
    [
      'without its signature block',
      (line) => ({ ...unsigned(line), ...(line.note === undefined ? {} : { note: line.note }) }),
    ],
    ['with the note of an older head', (line) => ({ ...line, note: session.notes[0] ?? '' })],
    [
      'with the signature of an older checkpoint',
      (line) => ({
        ...line,
        checkpoint: {
          ...line.checkpoint,
          signature: parsed(lines).find(({ checkpoint }) => checkpoint !== undefined)?.checkpoint?.['signature'],
        },
      }),
    ],
  ])('%s are found, with the key and without', async (_, change) => {
    for (const options of [{}, WITH_KEY]) {
      expect((await verifyLines(lastAs(change), options)).problems).toMatchObject([
        { kind: 'signature_invalid', line: LINES, sequence: EVENTS },
      ]);
    }
  });

  it('with the note of another session, by the same key over the same tree, are found', async () => {
    const note = signCheckpoint({ origin: sessionOrigin('s2'), ...lastHead() }, KEY);
    for (const options of [{}, WITH_KEY]) {
      expect(
        (
          await verifyLines(
            lastAs((line) => ({ ...line, note })),
            options,
          )
        ).problems,
      ).toMatchObject([{ kind: 'signature_invalid', line: LINES }]);
    }
  });

  it('with a note that another key signed too are found only for the key that did not', async () => {
    const head = { origin: sessionOrigin(IDS.session_id), ...lastHead() };
    const theirs = signCheckpoint(head, OTHER_KEY);
    expect((await verifyLines(lastAs((line) => ({ ...line, note: theirs })))).problems).toMatchObject([
      { kind: 'signature_invalid' },
    ]);
    const both = `${session.notes.at(-1)}${theirs.slice(theirs.indexOf('\n\n') + 2)}`;
    expect(
      await verifyLines(
        lastAs((line) => ({ ...line, note: both })),
        STRICT,
      ),
    ).toMatchObject({ ok: true });
  });

  it('in a line that is not canonical, or has more keys, is a problem: it could be read in two ways', async () => {
    const last = lines.at(-1) ?? '';
    const more = textOf({ ...(parsed(lines).at(-1) as Line), comment: 'x' });
    for (const text of [`${last} `, last.replace('{"checkpoint"', '{ "checkpoint"'), more]) {
      expect((await verifyLines([...lines.slice(0, -1), text])).problems).toMatchObject([
        { kind: 'bad_record', line: LINES },
      ]);
    }
  });

  it('leaves the evidence as it was', async () => {
    await verifyLines(lines);
    const before = readFileSync(session.journal);
    await verifyJournal(session.journal, STRICT);
    expect(readFileSync(session.journal).equals(before)).toBe(true);
  });
});
