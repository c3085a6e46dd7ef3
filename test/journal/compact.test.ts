import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import {
  openJournal,
  readJournal,
  readStatus,
  startSession,
  verifyJournal,
  type JournalLine,
} from '../../src/index.js';
import { decodeIndex, encodeIndex, stateOf } from '../../src/journal/session-index.js';
import { goCheckpointLine, goEventLine, linesOf } from '../support/journal-fixtures.js';
import {
  caught,
  folderContent,
  IDS,
  newFolder,
  newJournal,
  QUICK,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { logOf, verdictOf } from '../support/log-state.js';
import { repositoryRoot } from '../support/paths.js';
import { KEY, STRICT } from '../support/sealed-session.js';

/** A session of `count` events, all of them sealed and moved out, and `tail` events behind them. */
async function compacted(count: number, tail = 1): Promise<string> {
  const path = await newJournal(count);
  await withJournal(path, async (journal) => {
    await journal.checkpoint({ key: KEY });
    await journal.compact();
    if (tail > 0) await journal.appendAll(Array.from({ length: tail }, (_, at) => toolCall(count + at + 1)));
  });
  return path;
}

const segmentsOf = (path: string): string => `${path}.gait/segments`;

describe('compact', () => {
  it('leaves header, checkpoints and what no checkpoint covers, byte for byte', async () => {
    const path = await newJournal(3);
    await withJournal(path, async (journal) => {
      await journal.checkpoint();
      await journal.append(toolCall(4));
      await journal.checkpoint({ key: KEY });
      await journal.append(toolCall(5));
    });
    const before = linesOf(path);
    const result = await withJournal(path, (journal) => journal.compact());
    const kept = before.filter((line, at) => at === 0 || at === before.length - 1 || line.startsWith('{"checkpoint"'));
    expect(linesOf(path)).toEqual(kept);
    expect(result).toMatchObject({
      compacted: true,
      dry_run: false,
      events_before: 5,
      events_after: 1,
      checkpoints: 2,
    });
    expect(result).toMatchObject({
      last_checkpoint_sequence: 4,
      segment: { leaf_start: 0, leaf_end: 7, first_sequence: 1 },
    });
    expect(result.bytes_after).toBe(readFileSync(path).length);
    expect(await logOf(path)).toEqual(before);
  });

  it('says what it would do in a dry run, and does nothing', async () => {
    const path = await newJournal(3);
    await withJournal(path, (journal) => journal.checkpoint());
    const before = folderContent(dirname(path));
    const told = await withJournal(path, (journal) => journal.compact({ dryRun: true }));
    expect(folderContent(dirname(path))).toEqual(before);
    const done = await withJournal(path, (journal) => journal.compact());
    const { segment, ...same } = done;
    expect(segment).toBeDefined();
    expect(told).toEqual({ ...same, dry_run: true });
  });

  it('tells how far it has come, of how much', async () => {
    const path = await newJournal(1);
    const told: { bytes: number; totalBytes: number }[] = [];
    const sealedBytes = await withJournal(path, async (journal) => {
      await journal.appendAll(Array.from({ length: 4_000 }, (_, at) => toolCall(at + 2)));
      await journal.checkpoint();
      const { size } = statSync(path);
      await journal.compact({ onProgress: (done) => told.push(done) });
      return size;
    });
    expect(told.length).toBeGreaterThan(1);
    expect(new Set(told.map(({ totalBytes }) => totalBytes))).toEqual(new Set([sealedBytes]));
    const steps = told.map(({ bytes }) => bytes);
    expect(steps).toEqual([...new Set(steps)].toSorted((a, b) => a - b));
    expect(steps[0]).toBe(0);
    expect(steps.at(-1)).toBeLessThan(sealedBytes);
  });

  it('has nothing to do for a journal without a checkpoint, and for one that was just compacted', async () => {
    const path = await newJournal(3);
    const before = readFileSync(path);
    expect(await withJournal(path, (journal) => journal.compact())).toMatchObject({
      compacted: false,
      events_after: 3,
    });
    expect(readFileSync(path)).toEqual(before);
    await withJournal(path, async (journal) => {
      await journal.checkpoint();
      await journal.compact();
      expect(await journal.compact()).toMatchObject({ compacted: false, events_before: 0, events_after: 0 });
    });
    expect(readdirSync(segmentsOf(path))).toHaveLength(3);
  });

  it('moves nothing past the last checkpoint with a root: the loss of what only the Go tool sealed could not be shown', async () => {
    const path = await newJournal(1);
    await withJournal(path, (journal) => journal.checkpoint());
    const { checkpoint_digest: digest = '' } = JSON.parse(linesOf(path).at(-1) ?? '{}').checkpoint as Record<
      string,
      string
    >;
    appendFileSync(path, `${goEventLine(2)}\n${goCheckpointLine(2, 2, 2, digest)}\n`);
    await withJournal(path, (journal) => journal.compact());
    expect(linesOf(path)).toHaveLength(4);
    expect(await verifyJournal(path)).toMatchObject({ ok: true, coverage: { events: 2, checkpoints: 2 } });
  });

  it('refuses a journal that does not keep the rules, and changes nothing', async () => {
    const path = await newJournal(3);
    await withJournal(path, (journal) => journal.checkpoint());
    const journal = await openJournal(path, QUICK);
    writeFileSync(path, readFileSync(path, 'utf8').replace('tool.2', 'tool.X'));
    removeIndex(path);
    const before = readFileSync(path);
    expect((await caught(journal.compact())).code).toBe('JOURNAL_CORRUPT');
    expect(readFileSync(path)).toEqual(before);
    await journal.close();
  });

  it('stops when its signal aborts, and leaves nothing', async () => {
    const path = await newJournal(3);
    await withJournal(path, async (journal) => {
      await journal.checkpoint();
      await expect(journal.compact({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    });
    expect(readdirSync(segmentsOf(path))).toEqual([]);
  });

  it('refuses an unknown option by name, and a closed handle', async () => {
    const path = await newJournal(1);
    const journal = await openJournal(path, QUICK);
    expect((await caught(journal.compact({ dryrun: true } as object))).code).toBe('INVALID_ARGUMENT');
    await journal.close();
    expect((await caught(journal.compact())).code).toBe('HANDLE_CLOSED');
  });

  test('two at the same time, from two handles: one segment, one log', async () => {
    const path = await newJournal(50);
    await withJournal(path, (journal) => journal.checkpoint());
    const before = await logOf(path);
    const [one, other] = [await openJournal(path, QUICK), await openJournal(path, QUICK)];
    const results = await Promise.all([one.compact(), other.compact()]);
    expect(results.filter((result) => result.compacted)).toHaveLength(1);
    await Promise.all([one.append(toolCall(51)), other.append(toolCall(52))]);
    await Promise.all([one.close(), other.close()]);
    expect((await logOf(path)).slice(0, before.length)).toEqual(before);
    expect((await verifyJournal(path)).ok).toBe(true);
    expect(readdirSync(segmentsOf(path))).toHaveLength(3);
  });

  test('appends go on meanwhile, from the same handle and from another that notices the new file', async () => {
    const path = await newJournal(400);
    await withJournal(path, (journal) => journal.checkpoint({ key: KEY }));
    const [one, other] = [await openJournal(path, QUICK), await openJournal(path, QUICK)];
    const state = { isDone: false };
    const appending = [one, other].map(async (journal) => {
      const receipts = [];
      while (!state.isDone || receipts.length < 5) receipts.push(await journal.append(toolCall(1)));
      return receipts;
    });
    const result = await one.compact();
    state.isDone = true;
    const receipts = (await Promise.all(appending)).flat();
    expect(result.compacted).toBe(true);
    const after = await Promise.all([one, other].map((journal) => journal.append(toolCall(2))));
    await Promise.all([one.close(), other.close()]);
    for (const receipt of [...receipts, ...after]) {
      expect((await verifyJournal(path, { since: JSON.stringify(receipt) })).ok).toBe(true);
    }
    expect(await readStatus(path)).toMatchObject({ last_sequence: 400 + receipts.length + 2 });
  });
});

describe('an index that was made for a file before a compaction', () => {
  test.each([0, 1])(
    'is not believed when the new file was given the same inode (segments before: %d)',
    async (compactions) => {
      const path = await newJournal(compactions === 0 ? 0 : 2);
      if (compactions > 0) {
        await withJournal(path, async (journal) => {
          await journal.checkpoint();
          await journal.compact();
        });
      }
      // Closing writes the index.
      await withJournal(path, () => Promise.resolve());
      const old = decodeIndex(readFileSync(`${path}.gait/index`));
      if (old === undefined) throw new Error('no index');
      await withJournal(path, async (journal) => {
        await journal.append(toolCall(3));
        await journal.checkpoint();
        await journal.compact();
        await journal.append(toolCall(4));
      });
      const expected = await readStatus(path);
      const state = stateOf(old, (problem) => {
        throw new Error(problem.meaning);
      });
      writeFileSync(`${path}.gait/index`, encodeIndex(state, statSync(path)));
      expect(await readStatus(path)).toEqual(expected);
      expect(await withJournal(path, (journal) => journal.append(toolCall(5)))).toMatchObject({
        sequence: expected.last_sequence + 1,
      });
    },
  );
});

describe('readers of a journal that is compacted under them', () => {
  async function collect(lines: AsyncIterable<JournalLine>, into: string[], until: number): Promise<void> {
    for await (const line of lines) {
      into.push(line.text);
      if (into.length >= until) return;
    }
  }

  it('half way through, goes on to the end', async () => {
    const path = await newJournal(2_000);
    await withJournal(path, (journal) => journal.checkpoint());
    const expected = await logOf(path);
    const reader = readJournal(path);
    const seen: string[] = [];
    await collect(reader, seen, 700).catch(() => undefined);
    const rest = readJournal(path, { fromSequence: 700 });
    const first = await rest.next();
    await withJournal(path, (journal) => journal.compact());
    const found = first.value === undefined ? [] : [first.value.text];
    for await (const line of rest) found.push(line.text);
    expect(found).toEqual(expected.slice(700));
  });

  it('followers have every line once, across compactions, and lines that were moved out before they looked', async () => {
    const path = await newJournal(3);
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const line of readJournal(path, { follow: true, signal: stop.signal, pollIntervalMs: 1 }))
        seen.push(line.text);
    })().catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    const until = async (count: number): Promise<void> => {
      while (seen.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await until(4);
    for (let round = 0; round < 4; round += 1) {
      await withJournal(path, async (journal) => {
        await journal.appendAll([toolCall(1), toolCall(2)]);
        await journal.checkpoint();
        await journal.compact();
        await journal.append(toolCall(3));
        await journal.checkpoint();
        // The follower may not have seen the file between these two.
        await journal.compact();
      });
      if (round % 2 === 0) await until(4 + (round + 1) * 5);
    }
    const expected = await logOf(path);
    await until(expected.length);
    stop.abort();
    await following;
    expect(seen).toEqual(expected);
  });
});

test('of a session that is removed as a whole while it is read, nothing is shown as if the rest had been pruned', async () => {
  const path = await newJournal(3);
  await withJournal(path, async (journal) => {
    for (const number of [4, 5]) {
      await journal.append(toolCall(number));
      await journal.checkpoint();
      await journal.compact();
    }
    await journal.append(toolCall(6));
  });
  const lines = readJournal(path);
  // In the first of two segments.
  expect((await lines.next()).value?.segment).toBeDefined();
  rmSync(path);
  rmSync(`${path}.gait`, { recursive: true });
  const seen: JournalLine[] = [];
  const reading = (async () => {
    for await (const line of lines) seen.push(line);
  })();
  expect((await caught(reading)).code).toBe('JOURNAL_NOT_FOUND');
  expect(seen.filter(({ segment }) => segment === undefined)).toStrictEqual([]);
});

describe('compactOver', () => {
  it('compacts after a checkpoint, once enough is sealed, and never fails an append', async () => {
    const path = await newJournal(0);
    await withJournal(
      path,
      async (journal) => {
        for (let number = 1; number <= 30; number += 1) await journal.append(toolCall(number));
      },
      { ...QUICK, seal: { everyEvents: 5, key: KEY }, compactOver: { events: 10 } },
    );
    const report = await verifyJournal(path, STRICT);
    expect(report).toMatchObject({ ok: true, retention: 'intact', coverage: { events: 30 } });
    expect(report.coverage.segments).toBeGreaterThan(0);
    expect((await readStatus(path)).archived_events).toBeGreaterThanOrEqual(10);
  });

  it.each([{ bytes: 0 }, { events: 1.5 }, { lines: 3 }])('refuses %j', async (compactOver) => {
    const path = await newJournal(0);
    expect((await caught(openJournal(path, { ...QUICK, compactOver }))).code).toBe('INVALID_ARGUMENT');
  });
});

describe('weaknesses of the Go tool', () => {
  test('W1: after a compaction that leaves no event, the next append goes on with the right sequence', async () => {
    const path = await compacted(3, 0);
    removeIndex(path);
    const state = JSON.parse(readFileSync(`${path}.state.json`, 'utf8')) as Record<string, unknown>;
    // What the Go tool goes by: it appends `last_sequence` + 1 while the size fits.
    expect(state).toMatchObject({ last_sequence: 3, event_count: 0, journal_size_bytes: readFileSync(path).length });
    expect(await withJournal(path, (journal) => journal.append(toolCall(4)))).toMatchObject({ sequence: 4 });
  });

  test('W1: likewise after a compaction by the Go tool, of its own journal and of one of ours', async () => {
    const go = join(newFolder(), 'journal.jsonl');
    copyFileSync(join(repositoryRoot, 'test/vectors/gait-go/compacted-empty/journal.jsonl'), go);
    const { last_checkpoint_sequence: sealed } = await readStatus(go);
    expect(sealed).toBeGreaterThan(0);
    expect(await withJournal(go, (journal) => journal.append(toolCall(1)))).toMatchObject({ sequence: sealed + 1 });

    const ours = await newJournal(3);
    await withJournal(ours, (journal) => journal.checkpoint());
    compactAsGo(ours);
    expect(await withJournal(ours, (journal) => journal.append(toolCall(4)))).toMatchObject({ sequence: 4 });
    expect((await verifyJournal(ours)).ok).toBe(true);
  });

  test('W1: a compaction by the Go tool on top of one of ours goes on too, and the verifier says what was dropped', async () => {
    const path = await compacted(3);
    await withJournal(path, (journal) => journal.checkpoint({ key: KEY }));
    compactAsGo(path);
    expect(await withJournal(path, (journal) => journal.append(toolCall(5)))).toMatchObject({ sequence: 5 });
    const report = await verifyJournal(path);
    expect(report.problems.map(({ kind }) => kind)).toEqual(['segment_mismatch']);
  });

  test.each(['file', 'journal', 'link', 'link to nothing', 'its own path', 'side file', 'name of a side file'])(
    'W13: --out onto a %s is refused, and nothing is changed',
    async (kind) => {
      const path = await compacted(3);
      const folder = dirname(path);
      const out = join(folder, kind === 'name of a side file' ? 'x.state.json' : 'other.jsonl');
      if (kind === 'file') writeFileSync(out, 'mine');
      if (kind === 'journal') await startSession(out, IDS, QUICK);
      if (kind === 'link') symlinkSync(path, out);
      if (kind === 'link to nothing') symlinkSync(join(folder, 'nothing'), out);
      if (kind === 'side file') mkdirSync(`${out}.gait`);
      const before = folderContent(folder);
      const target = kind === 'its own path' ? path : out;
      expect((await caught(withJournal(path, (journal) => journal.compact({ out: target })))).code).toBe(
        'OUTPUT_EXISTS',
      );
      expect(folderContent(folder)).toEqual(before);
    },
  );

  test('W13: two names of a journal are one: compaction through a link replaces the file, not the link', async () => {
    const path = await newJournal(3);
    const link = join(newFolder(), 'link.jsonl');
    symlinkSync(path, link);
    await withJournal(link, async (journal) => {
      await journal.checkpoint();
      await journal.compact();
      await journal.append(toolCall(4));
    });
    expect(await withJournal(path, (journal) => journal.append(toolCall(5)))).toMatchObject({ sequence: 5 });
    expect(await logOf(link)).toEqual(await logOf(path));
  });

  test('W24: keys that nobody knows survive, in events, checkpoints and the header', async () => {
    const path = join(newFolder(), 'journal.jsonl');
    const header = {
      schema_id: 'gait.runpack.session_journal',
      schema_version: '1.0.0',
      ...IDS,
      events: [],
      x_header: 1,
    };
    const times = { created_at: '2026-02-01T00:00:00Z', started_at: '2026-02-01T00:00:00Z', producer_version: '9' };
    const event = goEventLine(1).replace('"tool_name"', '"x_event":{"deep":[1,2]},"tool_name"');
    writeFileSync(
      path,
      `${JSON.stringify({ record_type: 'header', header: { ...header, ...times }, x_line: true })}\n${event}\n`,
    );
    await withJournal(path, async (journal) => {
      await journal.append(toolCall(2, { policy_id: 'p', relationship: { of: 'x' }, matched_rule_ids: ['r'] }));
      await journal.checkpoint();
      await journal.compact();
    });
    const text = (await logOf(path)).join('\n');
    for (const key of ['x_header', 'x_event', 'x_line', 'policy_id', 'relationship', 'matched_rule_ids']) {
      expect(text).toContain(key);
    }
  });
});

/** What the Go tool's compaction makes of a journal: its own fields, nothing else, and no event that is sealed. */
function compactAsGo(path: string): void {
  const records = linesOf(path).map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
  const kept: unknown[] = [];
  const end = records.reduce((sum, { checkpoint }) => Number(checkpoint?.['sequence_end'] ?? sum), 0);
  for (const { record_type, header, event, checkpoint } of records) {
    if (header !== undefined) {
      const { origin: _origin, log: _log, ...known } = header;
      kept.push({ record_type, header: { ...known, events: null } });
    }
    if (checkpoint !== undefined) {
      const { tree_size: _size, root_hash: _root, head: _head, signature: _signature, ...known } = checkpoint;
      kept.push({ record_type, checkpoint: known });
    }
    if (event !== undefined && Number(event['sequence']) > end) kept.push({ record_type, event });
  }
  const order = (record: unknown): number => ('event' in (record as object) ? 1 : 0);
  kept.sort((a, b) => order(a) - order(b));
  const content = kept.map((record) => `${JSON.stringify(record)}\n`).join('');
  // By rename, as that tool does.
  rmSync(path);
  writeFileSync(path, content);
}

describe('compact to another path', () => {
  it('writes a whole journal there, segments and payloads with it, and leaves the old one alone', async () => {
    const path = await compacted(4, 2);
    await withJournal(path, async (journal) => {
      await journal.append(toolCall(7), { payload: { content: Buffer.from('evidence') } });
      await journal.checkpoint({ key: KEY });
      await journal.append(toolCall(8));
    });
    const before = folderContent(dirname(path));
    const out = join(newFolder(), 'deep', 'copy.jsonl');
    const result = await withJournal(path, (journal) => journal.compact({ out }));
    expect(result).toMatchObject({ compacted: true, output_path: out, events_before: 4, events_after: 1 });
    const after = folderContent(dirname(path));
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual([]);
    expect(await verdictOf(out, STRICT)).toEqual(await verdictOf(path, STRICT));
    expect(await logOf(out)).toEqual(await logOf(path));
    expect(await withJournal(out, (journal) => journal.append(toolCall(9)))).toMatchObject({ sequence: 9 });
  });

  it('copies a journal with nothing new to move', async () => {
    const path = await compacted(4, 2);
    const out = join(newFolder(), 'copy.jsonl');
    await withJournal(path, (journal) => journal.compact({ out }));
    expect(await verdictOf(out)).toEqual(await verdictOf(path));
  });
});

describe('what was changed in a compacted journal is found', () => {
  async function problemsAfter(change: (path: string, segment: (suffix: string) => string) => void): Promise<string[]> {
    const path = await compacted(20, 2);
    await withJournal(path, async (journal) => {
      await journal.checkpoint({ key: KEY });
    });
    const [name = ''] = readdirSync(segmentsOf(path)).map((file) => file.split('.')[0] ?? '');
    expect((await verifyJournal(path, STRICT)).problems).toEqual([]);
    change(path, (suffix) => join(segmentsOf(path), `${name}${suffix}`));
    removeIndex(path);
    return (await verifyJournal(path, STRICT)).problems.map(({ kind }) => kind);
  }

  test('lines that are gone are missing (unproven)', async () => {
    expect(await problemsAfter((_, file) => rmSync(file('.jsonl.gz')))).toEqual(['segment_missing']);
    const all = await problemsAfter((path) => rmSync(segmentsOf(path), { recursive: true }));
    expect(all).toContain('segment_missing');
    const manifest = await problemsAfter((_, file) => rmSync(file('.json')));
    expect(manifest).toContain('segment_missing');
  });

  test('leaf hashes that are gone can be made again: a warning', async () => {
    expect(await problemsAfter((_, file) => rmSync(file('.leaves')))).toEqual([]);
  });

  test('every byte of the compressed lines, of the leaf hashes and of the manifest counts', async () => {
    for (const suffix of ['.jsonl.gz', '.leaves', '.json']) {
      const path = await compacted(20, 2);
      const [name = ''] = readdirSync(segmentsOf(path)).map((file) => file.split('.')[0] ?? '');
      const file = join(segmentsOf(path), `${name}${suffix}`);
      const bytes = readFileSync(file);
      const step = Math.max(1, Math.floor(bytes.length / 400));
      for (let at = 0; at < bytes.length; at += step) {
        // Time, system and flags of a gzip header are no evidence, and the format lets anything stand there.
        if (suffix === '.jsonl.gz' && at >= 4 && at < 10) continue;
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
        writeFileSync(file, changed);
        const { problems } = await verifyJournal(path);
        expect(problems.length, `${suffix} byte ${at}`).toBeGreaterThan(0);
      }
    }
  });

  test('a checkpoint or header that the journal file kept must be the one in the segment', async () => {
    const changed = await problemsAfter((path) => {
      writeFileSync(path, readFileSync(path, 'utf8').replace('"producer_version":"', '"producer_version":"x'));
    });
    expect(changed).toContain('segment_mismatch');
  });

  test('a segment of another session does not fit', async () => {
    const other = await newJournal(0);
    await withJournal(other, async (journal) => {
      await journal.appendAll(Array.from({ length: 20 }, (_, at) => toolCall(at + 101)));
      await journal.checkpoint({ key: KEY });
      await journal.compact();
    });
    const found = await problemsAfter((path) => cpSync(segmentsOf(other), segmentsOf(path), { recursive: true }));
    expect(found).toEqual(['segment_missing', 'segment_mismatch']);
  });

  test('an append to a journal that lost its segments and its index is refused, with the reason', async () => {
    const path = await compacted(20, 2);
    rmSync(segmentsOf(path), { recursive: true });
    removeIndex(path);
    expect((await caught(openJournal(path, QUICK))).code).toBe('SEGMENT_MISSING');
    expect((await caught(readStatus(path))).category).toBe('verification_failed');
  });

  test('of a session that is removed as a whole while somebody opens it, it is said that there is none any more', async () => {
    const path = await compacted(5);
    removeIndex(path);
    const faults = new FaultFileSystem();
    faults.intercept = ({ operation, path: folder }, proceed) => {
      if (operation === 'readDirectory' && folder === segmentsOf(path)) {
        rmSync(path);
        rmSync(`${path}.gait`, { recursive: true });
        return [];
      }
      return proceed();
    };
    expect((await caught(readStatus(path, { fileSystem: faults.fs }))).code).toBe('JOURNAL_NOT_FOUND');
  });
});
