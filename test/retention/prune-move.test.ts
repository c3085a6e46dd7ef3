/** What happens when evidence changes between the last look at it and the moment it is moved. */
import { expect, test } from 'vitest';
import { inspectSession } from '../../src/journal/index.js';
import { sessionMover } from '../../src/retention/prune-move.js';
import type { Removal, RemovedSegment, RemovedSession } from '../../src/retention/tombstones.js';
import type { Mover } from '../../src/retention/trash-removal.js';
import { withJournal } from '../support/journal-fixtures.js';
import { addCompacted, addSession, at, event, newRoot, NOW } from './roots.js';

const common = { bytes: 1, rule: 'max_age' } as const;

/** Why it stayed, and how often it was moved. */
async function moved(mover: Mover, item: Removal['item']): Promise<readonly [string | undefined, number]> {
  let count = 0;
  const reason = await mover({ item, files: [] }, () => {
    count += 1;
    return true;
  });
  return [reason, count];
}

test('a session that was appended to meanwhile is not moved', async () => {
  const place = newRoot();
  const path = await addSession(place, 's1', { ageDays: 60, end: 'sealed' });
  const { session_id, run_id, head, tree_size, root_hash, last_sequence } = (await inspectSession(path)).status;
  const facts = { session_id, run_id, head, tree_size, root_hash, last_sequence, checkpoint_index: 1, closed: false };
  const item: RemovedSession = { ...common, kind: 'session', path: 's1.jsonl', ...facts };
  const mover = sessionMover(place.root, at(NOW));
  expect(await moved(mover, item)).toEqual([undefined, 1]);
  await withJournal(path, (journal) => journal.append(event(9)), at(NOW));
  expect(await moved(mover, item)).toEqual([expect.stringContaining('changed'), 0]);
});

test('a segment goes while its session goes on, but not when it is another one by now', async () => {
  const place = newRoot();
  const path = await addCompacted(place, 's1', { ageDays: [60, 1] });
  const [segment] = (await inspectSession(path)).segments;
  if (segment === undefined) throw new Error('no segment');
  const {
    name,
    leafStart: leaf_start,
    leafEnd: leaf_end,
    contentSha256: content_sha256,
    rootHash: root_hash,
  } = segment;
  const range = { name, leaf_start, leaf_end, content_sha256, root_hash, first_sequence: 1, last_sequence: 2 };
  const item: RemovedSegment = {
    ...common,
    kind: 'segment',
    path: 's1.jsonl',
    session_id: 's1',
    payloads: [],
    ...range,
  };
  const mover = sessionMover(place.root, at(NOW));
  await withJournal(path, (journal) => journal.append(event(9)), at(NOW));
  expect(await moved(mover, item)).toEqual([undefined, 1]);
  expect(await moved(mover, { ...item, content_sha256: 'f'.repeat(64) })).toEqual([
    expect.stringContaining('changed'),
    0,
  ]);
  expect(await moved(mover, { ...item, path: 'gone.jsonl' })).toEqual([expect.stringContaining('no journal'), 0]);
});
