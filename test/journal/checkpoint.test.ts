/** What a checkpoint says, when it is refused, what it costs, and how a session ends. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  readStatus,
  verify,
  verifyJournal,
  type CheckpointOptions,
  type CheckpointResult,
  type SessionCheckpoint,
} from '../../src/index.js';
import { leafHash } from '../interop/oracle.js';
import { naiveRoot } from '../sign/naive-tree.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import {
  caught,
  goCheckpointLine,
  goEventLine,
  IDS,
  linesOf,
  newFolder,
  newJournal,
  QUICK,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';
import { KEY, STRICT } from '../support/sealed-session.js';

const seal = (path: string, options: CheckpointOptions = {}): Promise<CheckpointResult> =>
  withJournal(path, (journal) => journal.checkpoint(options));

const append = (path: string, count = 1): Promise<unknown> =>
  withJournal(path, (journal) => journal.appendAll(Array.from({ length: count }, (_, i) => toolCall(i))));

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The checkpoints that stand in a journal, with the number of lines before each. */
function checkpointsIn(path: string): { readonly before: number; readonly checkpoint: SessionCheckpoint }[] {
  return linesOf(path).flatMap((line, before) => {
    const { checkpoint } = JSON.parse(line) as { checkpoint?: SessionCheckpoint };
    return checkpoint === undefined ? [] : [{ before, checkpoint }];
  });
}

describe('a checkpoint', () => {
  it('has the fields of the Go tool, and the size, root and head of the log before it', async () => {
    const path = await newJournal(3);
    const before = linesOf(path).map((line) => leafHash(line));
    const root = naiveRoot(before).toString('hex');
    const { checkpoint, note, leaf_index, leaf_hash, ...rest } = await seal(path);
    expect(rest).toEqual({});
    expect(note).toBeUndefined();
    expect(checkpoint).toEqual({
      schema_id: 'gait.runpack.session_checkpoint',
      schema_version: '1.0.0',
      created_at: '2026-02-01T09:30:00Z',
      producer_version: checkpoint.producer_version,
      ...IDS,
      checkpoint_index: 1,
      sequence_start: 1,
      sequence_end: 3,
      runpack_path: '',
      manifest_digest: root,
      checkpoint_digest: sha256(`${root}::1:1:3`),
      tree_size: 4,
      root_hash: root,
      head: before.at(-1)?.toString('hex'),
    });
    const line = linesOf(path).at(-1) ?? '';
    expect([leaf_index, leaf_hash]).toEqual([4, leafHash(line).toString('hex')]);
    expect(JSON.parse(line)).toEqual({ checkpoint, prev: checkpoint.head, record_type: 'checkpoint' });
  });

  it('seals the events since the last one, and names its digest', async () => {
    const path = await newJournal(3);
    const first = (await seal(path)).checkpoint;
    await append(path, 2);
    const second = (await seal(path, { key: KEY })).checkpoint;
    await append(path);
    const third = (await seal(path)).checkpoint;
    expect(
      [first, second, third].map((each) => [each.checkpoint_index, each.sequence_start, each.sequence_end]),
    ).toEqual([
      [1, 1, 3],
      [2, 4, 5],
      [3, 6, 6],
    ]);
    expect([second.prev_checkpoint_digest, third.prev_checkpoint_digest]).toEqual([
      first.checkpoint_digest,
      second.checkpoint_digest,
    ]);
    const { manifest_digest: manifest, prev_checkpoint_digest: prev } = third;
    expect(third.checkpoint_digest).toBe(sha256(`${manifest}:${prev}:3:6:6`));
    for (const { before, checkpoint } of checkpointsIn(path)) {
      const leaves = linesOf(path)
        .slice(0, before)
        .map((line) => leafHash(line));
      expect(checkpoint).toMatchObject({ tree_size: before, root_hash: naiveRoot(leaves).toString('hex') });
    }
    expect(await verifyJournal(path, { publicKeys: [KEY.publicKey] })).toMatchObject({
      ok: true,
      coverage: { signed_to_sequence: 5, unsigned_events: 1, uncheckpointed_events: 0 },
    });
  });

  it('carries with a pack the digest of its manifest, and the chain lists it', async () => {
    const path = await newJournal(2);
    const out = join(dirname(path), 'cp.zip');
    const { checkpoint, chain_path: chain = '' } = await seal(path, { key: KEY, out });
    const report = await verify(out, STRICT);
    expect(report).toMatchObject({ ok: true, kind: 'runpack', manifest_digest: checkpoint.manifest_digest });
    expect(checkpoint.runpack_path).toBe(out);
    expect((JSON.parse(readFileSync(chain, 'utf8')) as { checkpoints: unknown[] }).checkpoints).toEqual([checkpoint]);
    expect(await verify(chain, STRICT)).toMatchObject({ ok: true, runpacks_checked: 1, signed_to_sequence: 2 });
  });

  it('goes on after one of the Go tool, whose digest it names', async () => {
    const path = await newJournal(0);
    writeFileSync(path, `${linesOf(path)[0]}\n${goEventLine(1)}\n${goCheckpointLine(1, 1, 1)}\n${goEventLine(2)}\n`);
    const { checkpoint } = await seal(path, { key: KEY });
    const digest = checkpointsIn(path)[0]?.checkpoint.checkpoint_digest;
    expect(checkpoint).toMatchObject({
      checkpoint_index: 2,
      sequence_start: 2,
      sequence_end: 2,
      prev_checkpoint_digest: digest,
    });
    expect(await verifyJournal(path, { publicKeys: [KEY.publicKey] })).toMatchObject({ ok: true });
  });

  it('covers what other writers appended meanwhile', async () => {
    const path = await newJournal(1);
    await withJournal(path, async (journal) => {
      await append(path, 4);
      expect((await journal.checkpoint()).checkpoint).toMatchObject({ sequence_start: 1, sequence_end: 5 });
    });
  });

  it('is durable however appends are, and makes what is only buffered durable too', async () => {
    const path = await newJournal(1);
    const faults = new FaultFileSystem();
    await withJournal(
      path,
      async (journal) => {
        await journal.append(toolCall(2));
        expect(faults.count('syncData', 'journal.jsonl')).toBe(0);
        await journal.checkpoint();
        const writes = faults.calls.findLastIndex(({ operation, path: at }) => operation === 'write' && at === path);
        const syncs = faults.calls.findLastIndex(({ operation, path: at }) => operation === 'syncData' && at === path);
        expect(syncs).toBeGreaterThan(writes);
      },
      { ...QUICK, fileSystem: faults.fs, durability: 'buffered' },
    );
  });

  it('without anything to seal is refused, and changes nothing', async () => {
    const path = await newJournal(0);
    for (const events of [0, 2]) {
      if (events > 0) {
        await append(path, events);
        await seal(path);
      }
      const before = readFileSync(path);
      const out = join(newFolder(), 'cp.zip');
      expect((await caught(seal(path))).code).toBe('NOTHING_TO_SEAL');
      expect((await caught(seal(path, { key: KEY, out }))).code).toBe('NOTHING_TO_SEAL');
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(existsSync(out)).toBe(false);
    }
  });

  it('costs the same at any size: as many bytes read and written at 5,000 events as at 100', async () => {
    const costs = await Promise.all(
      [100, 5_000].map(async (count) => {
        const path = await newJournal(count);
        const faults = new FaultFileSystem();
        return withJournal(
          path,
          async (journal) => {
            await journal.append(toolCall(1));
            let bytes = 0;
            faults.intercept = ({ operation }, proceed) => {
              const result = proceed();
              if (operation === 'read' || operation === 'write') bytes += Number(result);
              return result;
            };
            const calls = faults.calls.length;
            await journal.checkpoint({ key: KEY });
            return { bytes, calls: faults.calls.length - calls };
          },
          { ...QUICK, fileSystem: faults.fs },
        );
      }),
    );
    const [small, large] = costs;
    expect(large?.calls).toBe(small?.calls);
    // Numbers have more digits.
    expect(Math.abs((large?.bytes ?? 0) - (small?.bytes ?? 0))).toBeLessThan(200);
  });
});

describe('a session that is closed', () => {
  const closed = async (): Promise<string> => {
    const path = await newJournal(2);
    await withJournal(path, (journal) => journal.complete({ key: KEY }));
    return path;
  };

  it('ends with the event that says so, sealed, and is complete for the strictest verifier', async () => {
    const path = await closed();
    expect(checkpointsIn(path).at(-1)).toMatchObject({ before: 4, checkpoint: { sequence_end: 3 } });
    expect(JSON.parse(linesOf(path)[3] ?? '')).toMatchObject({
      event: { tool_name: 'gait.journal.close', sequence: 3 },
    });
    expect(await readStatus(path)).toMatchObject({ closed: true });
    expect(await verifyJournal(path, STRICT)).toMatchObject({ ok: true, warning_count: 0, coverage: { closed: true } });
  });

  it('takes no more events, by this handle or another, and is not closed twice', async () => {
    const path = await newJournal(2);
    await withJournal(path, async (journal) => {
      await journal.complete({ key: KEY });
      const before = readFileSync(path);
      expect((await caught(journal.append(toolCall(4)))).code).toBe('SESSION_CLOSED');
      expect((await caught(append(path))).code).toBe('SESSION_CLOSED');
      expect((await caught(journal.complete({ key: KEY }))).code).toBe('NOTHING_TO_SEAL');
      expect(readFileSync(path).equals(before)).toBe(true);
    });
  });

  it('still recovers from a torn write: the repair is evidence too, and no event after the close', async () => {
    const path = await closed();
    const whole = readFileSync(path);
    writeFileSync(path, Buffer.concat([whole, Buffer.from('{"event":{"acto')]));
    await withJournal(path, async (journal) => {
      expect((await caught(journal.append(toolCall(1)))).code).toBe('SESSION_CLOSED');
      await journal.checkpoint({ key: KEY });
    });
    expect(readFileSync(path).subarray(0, whole.length).equals(whole)).toBe(true);
    expect(JSON.parse(linesOf(path).at(-2) ?? '')).toMatchObject({ event: { tool_name: 'gait.journal.repair' } });
    expect(await verifyJournal(path, STRICT)).toMatchObject({ ok: true, coverage: { closed: true } });
  });

  it('that died between the closing event and its seal is finished by the next close', async () => {
    const path = await closed();
    const withoutSeal = `${linesOf(path).slice(0, -1).join('\n')}\n`;
    writeFileSync(path, withoutSeal);
    removeIndex(path);
    await withJournal(path, (journal) => journal.complete({ key: KEY }));
    expect(readFileSync(path, 'utf8').startsWith(withoutSeal)).toBe(true);
    expect(linesOf(path)).toHaveLength(5);
    expect(await verifyJournal(path, STRICT)).toMatchObject({ ok: true, coverage: { events: 3, closed: true } });
  });

  it.each<[string, string, (folder: string) => CheckpointOptions]>([
    ['a pack that is there', 'OUTPUT_EXISTS', (folder) => ({ out: join(folder, 'mine') })],
    ['a chain where something else is', 'OUTPUT_EXISTS', (folder) => ({ chainOut: join(folder, 'mine') })],
    ['a note where something else is', 'OUTPUT_EXISTS', (folder) => ({ key: KEY, noteOut: join(folder, 'mine') })],
    ['a note without a key', 'INVALID_ARGUMENT', (folder) => ({ noteOut: join(folder, 'new') })],
  ])('is not closed by a call that is refused: %s', async (_, code, options) => {
    const path = await newJournal(1);
    const folder = dirname(path);
    writeFileSync(join(folder, 'mine'), 'mine');
    const before = readFileSync(path);
    expect((await caught(withJournal(path, (journal) => journal.complete(options(folder))))).code).toBe(code);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('mine');
  });
});
