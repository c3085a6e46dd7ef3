/** Journals that the Go tool wrote: read, continued and verified as it, or the design where that is stricter, says. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readStatus, verifyJournal, type SessionStatus } from '../../src/index.js';
import { caught, linesOf, newFolder, toolCall, withJournal } from '../support/journal-fixtures.js';
import { repositoryRoot } from '../support/paths.js';
import { goReaderRefusal, leafHash } from './oracle.js';

const VECTORS = join(repositoryRoot, 'test', 'vectors', 'gait-go');

interface GoAnswer {
  readonly cwd: string;
  readonly args: readonly string[];
  readonly exit: number;
  readonly output: { readonly status?: Partial<SessionStatus> };
}

const { results } = JSON.parse(readFileSync(join(VECTORS, 'expected.json'), 'utf8')) as { results: GoAnswer[] };
const statuses = results.filter(({ args }) => args[2] === 'status');
const goStatus = (name: string): Partial<SessionStatus> => {
  const found = statuses.find(({ cwd }) => cwd === name)?.output.status;
  if (found === undefined) throw new Error(`the Go tool gave no status of ${name}`);
  return found;
};

/** A copy that may be written to. */
function copyOf(name: string): string {
  const folder = newFolder();
  cpSync(join(VECTORS, name), folder, { recursive: true });
  return join(folder, 'journal.jsonl');
}

/** Where we say something else than the Go tool, and why. */
const STRICTER: Readonly<Record<string, Partial<SessionStatus>>> = {
  // W1: compacted to nothing, the Go tool forgets where its numbering stood.
  'compacted-empty': { last_sequence: 2, last_checkpoint_sequence: 2 },
  // W5: a line without its line feed may still be in flight: a reader does not count it yet.
  'bad-no-final-newline': { event_count: 2, last_sequence: 2 },
};

describe('status', () => {
  it('has an answer of the Go tool to compare with for every journal', () => {
    expect(statuses).toHaveLength(11);
  });

  it.each(statuses.filter(({ exit }) => exit === 0).map(({ cwd }) => cwd))(
    'of %s is what the Go tool says',
    async (name) => {
      const status = await readStatus(copyOf(name));
      expect(status).toMatchObject({ ...goStatus(name), ...STRICTER[name] });
      expect(status.unlinked_lines).toBe(linesOf(copyOf(name)).length - 1);
    },
  );
});

describe('an append of ours', () => {
  it.each([
    ['basic', 6],
    ['sealed', 7],
    ['compacted', 7],
    ['compacted-empty', 3],
    ['bad-no-final-newline', 4],
  ])('continues %s with sequence %i, leaves its bytes alone, and the Go tool can read on', async (name, sequence) => {
    const path = copyOf(name);
    const before = readFileSync(path, 'utf8');
    const [first, second] = await withJournal(path, (journal) => journal.appendAll([toolCall(1), toolCall(2)]), {});
    expect([first?.sequence, second?.sequence]).toEqual([sequence, sequence + 1]);

    const after = readFileSync(path, 'utf8');
    expect(after.startsWith(before)).toBe(true);
    const added = linesOf(path).slice(-2);
    expect(after).toBe(`${before.replace(/\n$/, '')}\n${added.join('\n')}\n`);
    const lineBefore = linesOf(path).at(-3) ?? '';
    for (const [at, line] of added.entries()) {
      const record = JSON.parse(line) as Record<string, unknown>;
      expect(Object.keys(record)).toEqual(['event', 'prev', 'record_type']);
      expect(record['prev']).toBe(leafHash(at === 0 ? lineBefore : (added[0] ?? '')).toString('hex'));
    }
    expect(goReaderRefusal(readFileSync(path))).toBeUndefined();
    expect(await verifyJournal(path)).toMatchObject({ ok: true, coverage: { last_sequence: sequence + 1 } });
  });

  it('believes neither the state file of the Go tool nor its absence', async () => {
    for (const change of [
      (path: string) => rmSync(path),
      (path: string) => writeFileSync(path, '{"last_sequence":41}'),
    ]) {
      const path = copyOf('basic');
      change(`${path}.state.json`);
      expect(await withJournal(path, (journal) => journal.append(toolCall(1)), {})).toMatchObject({ sequence: 6 });
    }
  });
});

describe('the diagnosis', () => {
  it.each([
    ['bad-w1-restarted', 'sequence_mismatch', 3],
    ['bad-swapped-lines', 'sequence_mismatch', 3],
    ['bad-deleted-line', 'sequence_mismatch', 3],
  ])('of %s is a %s in line %i, and it is not appended to', async (name, kind, line) => {
    const path = copyOf(name);
    const before = readFileSync(path);
    const [problem] = (await verifyJournal(path)).problems;
    expect([problem?.kind, problem?.line]).toEqual([kind, line]);
    const error = await caught(withJournal(path, (journal) => journal.append(toolCall(1)), {}));
    expect(error).toMatchObject({
      code: 'JOURNAL_CORRUPT',
      category: 'verification_failed',
      details: { problem: kind, line },
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it.each([
    ['bad-torn-tail', 5],
    ['bad-no-final-newline', 4],
  ])('of %s is an unterminated line %i, which is a warning: the next append settles it', async (name, line) => {
    const path = copyOf(name);
    const report = await verifyJournal(path);
    expect(report.ok).toBe(true);
    expect(report.warnings).toContainEqual(expect.objectContaining({ kind: 'unterminated_line', line }));
    expect(report.coverage.unterminated_bytes).toBeGreaterThan(0);
    expect(await withJournal(path, (journal) => journal.append(toolCall(1)), {})).toHaveProperty('sequence');
    expect((await verifyJournal(path)).warnings.map(({ kind }) => kind)).not.toContain('unterminated_line');
  });

  it('of bad-torn-tail survives its repair: the cut bytes are named in the event that follows', async () => {
    const path = copyOf('bad-torn-tail');
    const before = readFileSync(path);
    const torn = before.subarray(before.lastIndexOf('\n') + 1);
    expect(await withJournal(path, (journal) => journal.append(toolCall(1)), {})).toMatchObject({ sequence: 5 });
    const [repair = '', added = ''] = linesOf(path).slice(-2);
    expect(repair).toContain(`"size_bytes":${torn.length}`);
    expect(added).toContain('"sequence":5');
    expect(goReaderRefusal(readFileSync(path))).toBeUndefined();
  });

  it.each(['basic', 'sealed', 'compacted', 'compacted-empty', 'bad-chain-reversed', 'bad-runpack-overwritten'])(
    'of %s is that its journal is sound',
    async (name) => {
      expect(await verifyJournal(copyOf(name))).toMatchObject({ ok: true, problems: [] });
    },
  );
});
