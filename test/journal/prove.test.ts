/** Proofs of a journal: of every event and from every size, checked through `verify`, and refused once anything is changed. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  isGaitError,
  proveConsistency,
  proveInclusion,
  verify,
  type ArtifactReport,
  type VerifyOptions,
} from '../../src/index.js';
import { naiveConsistency, naivePath } from '../sign/naive-tree.js';
import { leafHash } from '../interop/oracle.js';
import { caught, goEventLine, linesOf, newJournal, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { KEY, OTHER_KEY } from '../support/sealed-session.js';

const EVENTS = 70;
/** Events before each signed checkpoint: trees of 9, 34 and 72 leaves, some full on the right and some not. */
const SEALED_AFTER = [8, 32, 69];
const WITH_KEY = { publicKeys: [KEY.publicKey] };

/** Copies of the journal as it was right after each signed checkpoint, and of the whole. */
let journals: string[];
let whole: string;

beforeAll(async () => {
  whole = await newJournal();
  journals = [];
  await withJournal(whole, async (journal) => {
    let appended = 0;
    const appendUpTo = async (end: number): Promise<void> => {
      await journal.appendAll(Array.from({ length: end - appended }, (_, index) => toolCall(appended + index + 1)));
      appended = end;
    };
    for (const count of SEALED_AFTER) {
      await appendUpTo(count);
      await journal.checkpoint({ key: KEY });
      const copy = join(dirname(whole), `sealed-${count}.jsonl`);
      writeFileSync(copy, readFileSync(whole));
      journals.push(copy);
    }
    await appendUpTo(EVENTS);
  });
});

/** Leaves of the tree that the last signed checkpoint of a journal covers. */
function sealedLeaves(journal: string): Buffer[] {
  const lines = linesOf(journal);
  const last = lines.findLastIndex((line) => line.includes('"record_type":"checkpoint"'));
  return lines.slice(0, last).map((line) => leafHash(line));
}

const file = (text: string | Buffer): string => {
  const path = join(dirname(whole), 'proof');
  writeFileSync(path, text);
  return path;
};

const check = (text: string | Buffer, options: VerifyOptions = WITH_KEY): Promise<ArtifactReport> =>
  verify(file(text), options);

/** Whether a proof is accepted. */
async function isAccepted(text: string | Buffer): Promise<boolean> {
  try {
    return (await check(text)).ok;
  } catch (error) {
    if (isGaitError(error)) return false;
    throw error;
  }
}

describe('an inclusion proof', () => {
  it('of every event, against every checkpoint that covers it, holds and says what it proves', async () => {
    let proved = 0;
    for (const [at, journal] of journals.entries()) {
      const leaves = sealedLeaves(journal);
      for (let sequence = 1; sequence <= (SEALED_AFTER[at] ?? 0); sequence += 1) {
        const { text, ...facts } = await proveInclusion(journal, sequence);
        const hashes = text.slice(0, text.indexOf('\n\n')).split('\n').slice(3);
        expect(hashes).toEqual(naivePath(facts.leaf_index, leaves).map((hash) => hash.toString('base64')));
        expect(await check(text)).toMatchObject({
          ok: true,
          kind: 'inclusion_proof',
          signature_status: 'verified',
          origin: 'gait/s1',
          tree_size: leaves.length,
          root_hash: facts.root_hash,
          leaf_index: facts.leaf_index,
          leaf_hash: leaves[facts.leaf_index]?.toString('hex'),
          event: { sequence, tool_name: `tool.${sequence}` },
        });
        proved += 1;
      }
    }
    expect(proved).toBe(SEALED_AFTER.reduce((sum, count) => sum + count));
  });

  it('is not made for what no signed checkpoint covers', async () => {
    expect((await caught(proveInclusion(whole, EVENTS))).code).toBe('NOT_SEALED');
    const unsigned = await newJournal(2);
    await withJournal(unsigned, (journal) => journal.checkpoint());
    expect((await caught(proveInclusion(unsigned, 1))).code).toBe('NOT_SEALED');
  });

  it('is made up to the last signed checkpoint, whatever unsigned ones come after it', async () => {
    const journal = await newJournal(2);
    await withJournal(journal, async (handle) => {
      await handle.checkpoint({ key: KEY });
      await handle.append(toolCall(3));
      await handle.checkpoint();
    });
    expect((await check((await proveInclusion(journal, 2)).text)).ok).toBe(true);
    expect((await caught(proveInclusion(journal, 3))).code).toBe('NOT_SEALED');
  });

  it.each([0, EVENTS + 1, 1.5])('of event %d, which there is not, is refused', async (sequence) => {
    expect((await caught(proveInclusion(whole, sequence))).code).toBe('INVALID_ARGUMENT');
  });

  it('covers lines of the Go tool as well, byte for byte', async () => {
    const journal = await newJournal(1);
    appendFileSync(journal, `${goEventLine(2)}\n`);
    await withJournal(journal, (handle) => handle.checkpoint({ key: KEY }));
    expect(await check((await proveInclusion(journal, 2)).text)).toMatchObject({
      ok: true,
      event: { sequence: 2, tool_name: 'go<tool>' },
    });
  });

  it('is not made from a journal that was changed', async () => {
    const journal = await newJournal(5);
    await withJournal(journal, (handle) => handle.checkpoint({ key: KEY }));
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('tool.3', 'tool.X'));
    for (const sequence of [1, 3, 5])
      expect((await caught(proveInclusion(journal, sequence))).code).toBe('JOURNAL_CORRUPT');
    expect((await caught(proveConsistency(journal, 2))).code).toBe('JOURNAL_CORRUPT');
  });

  it('is not made from a journal whose lines link but are not those that were signed', async () => {
    const journal = await newJournal(5);
    await withJournal(journal, (handle) => handle.checkpoint({ key: KEY }));
    const other = await newJournal(6);
    await withJournal(other, (handle) => handle.checkpoint({ key: KEY }));
    const note = (JSON.parse(linesOf(other).at(-1) ?? '') as { note: string }).note;
    const lines = linesOf(journal);
    const last = JSON.parse(lines.at(-1) ?? '') as { note: string };
    const forged = JSON.stringify({ ...last, note: note.replace(/\n7\n|\n8\n/, `\n${lines.length - 1}\n`) });
    writeFileSync(journal, `${[...lines.slice(0, -1), forged].join('\n')}\n`);
    expect((await caught(proveInclusion(journal, 1))).code).toBe('JOURNAL_CORRUPT');
  });
});

describe('a consistency proof', () => {
  it('from every size, to every checkpoint, holds and says what it proves', async () => {
    for (const journal of journals) {
      const leaves = sealedLeaves(journal);
      for (let size = 1; size <= leaves.length; size += 1) {
        const { text } = await proveConsistency(journal, size);
        const { hashes } = JSON.parse(text) as { hashes: string[] };
        expect(hashes).toEqual(naiveConsistency(size, leaves).map((hash) => hash.toString('base64')));
        expect(await check(text)).toMatchObject({
          ok: true,
          kind: 'consistency_proof',
          signature_status: 'verified',
          first_size: size,
          tree_size: leaves.length,
        });
      }
    }
  });

  it.each([0, -1, 1.5, 73, 74])('from size %d, which the signed log never had, is refused', async (size) => {
    expect((await caught(proveConsistency(whole, size))).code).toBe('INVALID_ARGUMENT');
  });

  it('is not made without a signed checkpoint', async () => {
    expect((await caught(proveConsistency(await newJournal(2), 1))).code).toBe('NOT_SEALED');
  });
});

describe('the text of a proof', () => {
  const proofs: [string, () => Promise<string>][] = [
    ['inclusion', async () => (await proveInclusion(whole, 11)).text],
    ['consistency', async () => (await proveConsistency(whole, 21)).text],
  ];

  it.each(proofs)('of %s is refused with a bit flipped in any of its bytes', async (_, make) => {
    const text = Buffer.from(await make());
    expect(await isAccepted(text)).toBe(true);
    const accepted: number[] = [];
    for (let at = 0; at < text.length; at += 1) {
      const changed = Buffer.from(text);
      changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
      if (await isAccepted(changed)) accepted.push(at);
    }
    expect(accepted).toEqual([]);
  });

  it.each(proofs)('of %s says by whom it is signed, and by whom it is not', async (_, make) => {
    const text = await make();
    expect(await check(text, {})).toMatchObject({ ok: true, signature_status: 'skipped', signed_by: [] });
    expect((await check(text, { requireSignature: true })).problems).toMatchObject([{ kind: 'signature_missing' }]);
    expect(await check(text, { publicKeys: [OTHER_KEY.publicKey] })).toMatchObject({
      ok: false,
      signature_status: 'failed',
      problems: [{ kind: 'unknown_key' }],
    });
    const both = await check(text, { publicKeys: [OTHER_KEY.publicKey, KEY.publicKey], profile: 'strict' });
    expect(both).toMatchObject({ ok: true, signature_status: 'verified' });
  });

  it('of inclusion is refused for another event, another place, another tree', async () => {
    const texts = await Promise.all([10, 11].map(async (sequence) => (await proveInclusion(whole, sequence)).text));
    const [ten = [], eleven = []] = texts.map((text) => text.split('\n'));
    expect(await isAccepted(eleven.join('\n'))).toBe(true);
    expect(await isAccepted(eleven.with(1, ten[1] ?? '').join('\n'))).toBe(false);
    expect(await isAccepted(eleven.with(2, ten[2] ?? '').join('\n'))).toBe(false);
    expect(await isAccepted(eleven.toSpliced(3, 1).join('\n'))).toBe(false);
    expect(await isAccepted(eleven.toSpliced(3, 0, eleven[3] ?? '').join('\n'))).toBe(false);
    const older = (await proveInclusion(journals[1] ?? '', 11)).text;
    expect(await isAccepted(`${eleven.join('\n').split('\n\n')[0]}\n\n${older.slice(older.indexOf('\n\n') + 2)}`)).toBe(
      false,
    );
  });

  it('without the line it is about proves nothing', async () => {
    const lines = (await proveInclusion(whole, 11)).text.split('\n');
    expect((await check(lines.toSpliced(1, 1).join('\n'))).problems).toMatchObject([{ kind: 'proof_invalid' }]);
  });

  it('of consistency is refused with another size, root, hash or length, and more than a log can have', async () => {
    const text = (await proveConsistency(whole, 21)).text;
    const proof = JSON.parse(text) as { first_size: number; first_root: string; hashes: string[] };
    const [hash = ''] = proof.hashes;
    for (const change of [
      { first_size: 20 },
      { first_root: hash },
      { hashes: proof.hashes.slice(1) },
      { hashes: [...proof.hashes, hash] },
      { hashes: proof.hashes.with(0, proof.first_root) },
      { hashes: Array.from({ length: 65 }, () => hash) },
      { first_size: '21' },
      { hashes: [1] },
      { checkpoint: 1 },
    ]) {
      expect(await isAccepted(JSON.stringify({ ...proof, ...change }))).toBe(false);
    }
  });
});

describe('making a proof', () => {
  it('stops when its signal aborts', async () => {
    const reason = new Error('enough');
    const journal = await newJournal(30_000, { ...QUICK, durability: 'buffered' });
    await withJournal(journal, (handle) => handle.checkpoint({ key: KEY }));
    await expect(proveInclusion(journal, 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('is refused where there is no journal, and for an option that is not known', async () => {
    expect((await caught(proveInclusion(join(dirname(whole), 'none.jsonl'), 1))).code).toBe('JOURNAL_NOT_FOUND');
    expect((await caught(proveInclusion(whole, 1, { profile: 'strict' } as never))).code).toBe('INVALID_ARGUMENT');
    expect((await caught(proveConsistency(whole, 1, { profile: 'strict' } as never))).code).toBe('INVALID_ARGUMENT');
  });
});
