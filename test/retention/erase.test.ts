import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { erasePayload, setHold, type EraseReceipt } from '../../src/retention/index.js';
import { verify, type VerifyReport } from '../../src/index.js';
import { caught } from '../support/journal-fixtures.js';
import { addCompacted, addSession, at, event, KEY, newRoot, NOW, type Root } from './roots.js';
import { fullSnapshot } from './snapshot.js';

const SECRET = 'a secret that nobody may read ever again';
const OPTIONS = at(NOW);

async function withSecret(more: { readonly pack?: boolean } = {}): Promise<Root> {
  const place = newRoot();
  await addSession(place, 's1', {
    ageDays: 1,
    work: async (journal) => {
      await journal.append(event(3), { payload: { content: Buffer.from(SECRET) } });
      await journal.append(event(4), { payload: { content: Buffer.from('something else') } });
      if (more.pack === true) {
        await journal.checkpoint({ key: KEY, out: join(place.root, 'cp1.zip'), withPayloads: true });
      }
    },
  });
  return place;
}

async function erase(place: Root, more: { withPacks?: boolean; sequence?: number } = {}): Promise<EraseReceipt> {
  const { sequence = 3, withPacks = false } = more;
  const request = { sessionId: 's1', sequence, reason: 'request 31', actor: 'dpo' };
  return await erasePayload(request, { ...OPTIONS, root: place.root, key: KEY, withPacks });
}

/** Files under the root in which the secret can be read. */
function carriers(place: Root): string[] {
  return readdirSync(place.root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(place.root, name);
    return statSync(path).isFile() && readFileSync(path).includes(SECRET);
  });
}

function payloadFile(place: Root): string {
  const [name = ''] = carriers(place);
  return join(place.root, name);
}

describe('an erased payload', () => {
  test('is gone, verify stays green and says so, and the others are untouched', async () => {
    const place = await withSecret();
    expect(carriers(place)).toHaveLength(1);
    const receipt = await erase(place);
    expect(receipt).toMatchObject({ ok: true, session_id: 's1', sequence: 3, packs: [], same_content: [] });
    expect(carriers(place)).toEqual([]);
    const report = (await verify(place.path('s1'), { publicKeys: [KEY.publicKey] })) as VerifyReport;
    expect(report).toMatchObject({ ok: true, retention: 'pruned (proven)', coverage: { erased_payloads: 1 } });
    expect(await verify(place.root, { publicKeys: [KEY.publicKey] })).toMatchObject({ ok: true, missing: 0 });
  });

  test('leaves nothing that a crash of its append had left of it', async () => {
    const place = await withSecret();
    const file = payloadFile(place);
    const folder = join(place.root, 's1.jsonl.gait', 'payloads');
    // A copy under a salt of its own, and one that was cut short; another append under way keeps its file.
    writeFileSync(join(folder, '.tmp-1'), Buffer.concat([Buffer.alloc(32, 1), Buffer.from(SECRET)]));
    writeFileSync(join(folder, '.tmp-2'), Buffer.concat([Buffer.alloc(32, 2), Buffer.from(SECRET.slice(0, 9))]));
    writeFileSync(join(folder, '.tmp-3'), Buffer.concat([Buffer.alloc(32, 3), Buffer.from('another')]));
    const orphan = 'ab'.repeat(32);
    mkdirSync(join(folder, 'ab'), { recursive: true });
    copyFileSync(file, join(folder, 'ab', orphan));
    await erase(place);
    expect(carriers(place)).toEqual([]);
    expect(existsSync(join(folder, '.tmp-2'))).toBe(false);
    expect(existsSync(join(folder, '.tmp-3'))).toBe(true);
  });

  test('names other events that have the same content, and leaves them', async () => {
    const place = newRoot();
    await addSession(place, 's1', {
      ageDays: 1,
      work: async (journal) => {
        for (const number of [3, 4]) await journal.append(event(number), { payload: { content: Buffer.from(SECRET) } });
      },
    });
    expect((await erase(place)).same_content).toEqual([{ path: 's1.jsonl', sequence: 4 }]);
    expect(carriers(place)).toHaveLength(1);
    await erase(place, { sequence: 4 });
    expect(carriers(place)).toEqual([]);
  });

  test('can be in a segment, of a session that goes on', async () => {
    const place = newRoot();
    await addCompacted(place, 's1', {
      ageDays: [9, 8, 1],
      work: async (journal) => void (await journal.append(event(9), { payload: { content: Buffer.from(SECRET) } })),
    });
    await erase(place);
    expect(carriers(place)).toHaveLength(2);
    expect(await verify(place.root, { publicKeys: [KEY.publicKey] })).toMatchObject({ ok: true });
  });
});

describe('an erasure is refused, and nothing changes,', () => {
  async function refusal(place: Root, more: Parameters<typeof erase>[1] = {}): Promise<[string, string]> {
    const before = fullSnapshot(place.root);
    const { code, category } = await caught(erase(place, more));
    expect(fullSnapshot(place.root)).toEqual(before);
    return [code, category];
  }

  test('when the session is under hold', async () => {
    const place = await withSecret();
    await setHold(place.root, { sessionId: 's1', reason: 'case', actor: 'legal' }, OPTIONS);
    expect(await refusal(place)).toEqual(['POLICY_BLOCKED', 'policy_blocked']);
    expect(carriers(place)).toHaveLength(1);
  });

  test('when a runpack carries it; with leave the pack goes too', async () => {
    const place = await withSecret({ pack: true });
    expect(await refusal(place)).toEqual(['POLICY_BLOCKED', 'policy_blocked']);
    expect((await erase(place, { withPacks: true })).packs).toEqual(['cp1.zip']);
    expect([carriers(place), existsSync(join(place.root, 'cp1.zip'))]).toEqual([[], false]);
    expect(await verify(place.root, { publicKeys: [KEY.publicKey] })).toMatchObject({ ok: true });
  });

  test.each([
    ['the event has no payload', 1, 'PAYLOAD_NOT_FOUND'],
    ['there is no such event', 99, 'INVALID_ARGUMENT'],
    ['the sequence is none', 0, 'INVALID_ARGUMENT'],
  ])('when %s', async (_, sequence, code) => {
    expect((await refusal(await withSecret(), { sequence }))[0]).toBe(code);
  });

  test('when it was erased before', async () => {
    const place = await withSecret();
    await erase(place);
    expect((await refusal(place))[0]).toBe('PAYLOAD_NOT_FOUND');
  });

  test('when there is no such session', async () => {
    expect((await caught(erase(newRoot()))).code).toBe('JOURNAL_NOT_FOUND');
  });
});
