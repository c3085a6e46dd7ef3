/** Files that somebody made to break whoever reads them. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  describePolicy,
  emitTrace,
  initKeys,
  inspectHealth,
  isGaitError,
  loadPrivateKey,
  loadPublicKey,
  openJournal,
  parseExactJson,
  proveInclusion,
  readJournal,
  readStatus,
  startSession,
  timeline,
  verify,
} from '../../src/index.js';
import { keyId } from '../../src/sign/index.js';
import { IDS, newFolder, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { tell, times } from '../support/long-form.js';
import { logOf } from '../support/log-state.js';
import { mutate } from '../support/mutations.js';
import { KEY } from '../support/sealed-session.js';
import { seededRandom, testSeed } from '../support/seeded.js';

const SEED = testSeed();
const ROUNDS = times(60, 400);
/** Of the whole process, above what it had before: no file may make a reader take more. */
const MAX_GROWTH_BYTES = 400 * 1024 * 1024;

/** One valid file of each kind, and everything it needs beside it. */
let sample: string;

async function makeSample(): Promise<string> {
  const folder = newFolder();
  const path = join(folder, 's.jsonl');
  await startSession(path, IDS, QUICK);
  await withJournal(path, async (journal) => {
    for (const number of [1, 2, 3, 4, 5, 6]) {
      await journal.append(toolCall(number, { attributes: { n: number, nested: { list: [1, 'two', null] } } }));
    }
    await journal.append(toolCall(7), { payload: { content: Buffer.from('evidence') } });
    await journal.checkpoint({ key: KEY, out: join(folder, 'cp.zip'), noteOut: join(folder, 'cp.note') });
    await journal.compact();
    await journal.appendAll([toolCall(8), toolCall(9)]);
    await journal.checkpoint({ key: KEY });
  });
  await emitTrace(
    {
      tool_name: 'tool.1',
      verdict: 'allow',
      args_digest: 'a'.repeat(64),
      intent_digest: 'b'.repeat(64),
      policy_digest: 'c'.repeat(64),
    },
    { ...QUICK, key: KEY, out: join(folder, 't.json') },
  );
  writeFileSync(join(folder, 'p.proof'), (await proveInclusion(path, 9)).text);
  initKeys({ outDir: join(folder, 'keys') });
  mkdirSync(join(folder, '.gait'));
  writeFileSync(
    join(folder, '.gait/config.yaml'),
    'retention:\n  profiles:\n    mine:\n      session: { max_age: 720h, keep_last: 3 }\n',
  );
  return folder;
}

beforeAll(async () => {
  sample = await makeSample();
});

const TRUST = { publicKeys: [KEY.publicKey] };

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

/** What reading a file can be good for; undefined when it is called invalid. */
type Reader = (folder: string, file: string) => Promise<unknown>;

/** Whatever else is wrong, nobody who reads a journal in another way may fall over it either. */
async function journalInEveryWay(folder: string): Promise<unknown> {
  const path = join(folder, 's.jsonl');
  const ways: readonly (() => Promise<unknown>)[] = [
    () => readStatus(path),
    () => inspectHealth(path),
    () => drain(readJournal(path, { fromSequence: 5 })),
    () => drain(timeline({ journals: [path] })),
    () => proveInclusion(path, 3),
  ];
  for (const way of ways) await orGaitError(way);
  const report = await verify(path, { ...TRUST, profile: 'strict' });
  const found = report.ok ? await logOf(path) : undefined;
  // An append may refuse; if it does not, what it leaves is no worse than what it found.
  await orGaitError(async () => {
    const journal = await openJournal(path, QUICK);
    try {
      await journal.append(toolCall(10));
    } finally {
      await journal.close();
    }
  });
  return found;
}

const verified: Reader = async (folder, file) => {
  const { ok } = await verify(join(folder, file), TRUST);
  return ok ? meaningOf(readFileSync(join(folder, file))) : undefined;
};

/** As for the Go tool, a signature need not name its key; whoever verifies is told, and knows which key it was. */
const trace: Reader = async (folder, file) => {
  const report = await verify(join(folder, file), TRUST);
  if (!report.ok) return undefined;
  const { signature, ...rest } = meaningOf(readFileSync(join(folder, file))) as { signature: Record<string, unknown> };
  const isUnnamed = (signature['key_id'] ?? '') === '';
  expect(report.warnings.some(({ kind }) => kind === 'key_unnamed')).toBe(isUnnamed);
  return { ...rest, signature: { ...signature, key_id: isUnnamed ? keyId(KEY.publicKey) : signature['key_id'] } };
};

/** What JSON says, however it is written; of a note or a proof, everything but how often it is signed. */
function meaningOf(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  try {
    return parseExactJson(text);
  } catch {
    // No JSON: a note.
    return [...new Set(text.split('\n'))];
  }
}

interface Kind {
  readonly name: string;
  readonly file: () => string;
  readonly read: Reader;
}

const segment = (suffix: string) => (): string => {
  const folder = join(sample, 's.jsonl.gait/segments');
  const name = readdirSync(folder).find((each) => each.endsWith(suffix)) ?? '';
  return relative(sample, join(folder, name));
};

const KINDS: readonly Kind[] = [
  { name: 'journal', file: () => 's.jsonl', read: journalInEveryWay },
  // A cache: whatever is in it, the journal stays what it is.
  { name: 'index', file: () => 's.jsonl.gait/index', read: journalInEveryWay },
  { name: 'guard', file: () => 's.jsonl.gait/guard', read: journalInEveryWay },
  { name: 'segment manifest', file: segment('.json'), read: journalInEveryWay },
  { name: 'segment lines', file: segment('.gz'), read: journalInEveryWay },
  { name: 'segment leaves', file: segment('leaves'), read: journalInEveryWay },
  { name: 'note', file: () => 'cp.note', read: verified },
  { name: 'proof', file: () => 'p.proof', read: verified },
  { name: 'trace', file: () => 't.json', read: trace },
  {
    name: 'runpack',
    file: () => 'cp.zip',
    read: async (folder, file) => {
      const report = await verify(join(folder, file), TRUST);
      // The manifest binds every byte of every file in it.
      return report.ok && report.kind === 'runpack' ? report.manifest_digest : undefined;
    },
  },
  {
    name: 'chain',
    file: () => 's_chain.json',
    read: async (folder, file) => {
      const { ok } = await verify(join(folder, file), TRUST);
      return ok ? 'valid' : undefined;
    },
  },
  {
    name: 'private key',
    file: () => 'keys/gait_private.key',
    read: (folder, file) => Promise.resolve(loadPrivateKey({ path: join(folder, file) }).publicKey.toString('hex')),
  },
  {
    name: 'public key',
    file: () => 'keys/gait_public.key',
    read: (folder, file) => Promise.resolve(`${loadPublicKey({ path: join(folder, file) }).length} bytes`),
  },
  {
    name: 'configuration',
    file: () => '.gait/config.yaml',
    read: (folder, file) => Promise.resolve(describePolicy({ config: join(folder, file) })).then(() => 'read'),
  },
];

async function orGaitError<T>(work: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isGaitError(error)) throw error;
    expect(error.code).not.toBe('INTERNAL');
    return undefined;
  }
}

describe(`files changed at random and on purpose (seed ${SEED}, ${ROUNDS} of each kind)`, () => {
  test.each(KINDS)(
    '$name: refused or read, never a crash, never valid with another meaning',
    async ({ name, file, read }) => {
      const random = seededRandom(SEED);
      const original = readFileSync(join(sample, file()));
      const whole = fresh();
      const meaning = await read(whole, file());
      expect(meaning).toBeDefined();
      const counts = { refused: 0, 'valid still': 0 };
      const before = process.memoryUsage().rss;
      for (let round = 0; round < ROUNDS; round += 1) {
        const { name: how, bytes } = mutate(original, round, random);
        const folder = fresh();
        writeFileSync(join(folder, file()), bytes);
        const when = `${name}, ${how}, round ${round}`;
        const found = await orGaitError(() => read(folder, file())).catch((error: unknown) => {
          throw new Error(`${when}: ${String(error)}`, { cause: error });
        });
        if (found === undefined) counts.refused += 1;
        else {
          counts['valid still'] += 1;
          expect({ when, found: bytes.equals(original) ? meaning : found }).toEqual({ when, found: meaning });
        }
      }
      tell(`hostile files, ${name}`, counts);
      expect(process.memoryUsage().rss - before).toBeLessThan(MAX_GROWTH_BYTES);
      if (name !== 'index' && name !== 'guard') expect(counts.refused).toBeGreaterThan(0);
    },
    1_200_000,
  );
});

/** A copy of the sample, to be spoilt. */
let copies: string | undefined;
function fresh(): string {
  copies ??= newFolder();
  const folder = join(copies, 'work');
  rmSync(folder, { recursive: true, force: true });
  cpSync(sample, folder, { recursive: true });
  return folder;
}

describe('a bomb', () => {
  test('of nesting inside a trace, which never ends, is refused as what it is: no JSON', async () => {
    const folder = fresh();
    const text = readFileSync(join(folder, 't.json'), 'utf8');
    writeFileSync(join(folder, 't.json'), text.replace(/"verdict":\s*"allow"/, `"verdict": ${'['.repeat(20_000)}`));
    await orGaitError(async () => expect((await verify(join(folder, 't.json'), TRUST)).ok).toBe(false));
  });

  test('of a last line without end is not taken into memory by whoever appends', async () => {
    const folder = fresh();
    const path = join(folder, 's.jsonl');
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(64 * 1024 * 1024, 0x7b)]));
    const size = readFileSync(path).length;
    const code = await withJournal(path, (journal) => journal.append(toolCall(9))).catch((error: unknown) =>
      isGaitError(error) ? error.code : error,
    );
    expect(code).toBe('JOURNAL_CORRUPT');
    expect(readFileSync(path)).toHaveLength(size);
  });

  test('of gzip in the place of a segment is refused without being unpacked', async () => {
    const folder = fresh();
    const bomb = gzipSync(Buffer.alloc(512 * 1024 * 1024));
    writeFileSync(join(folder, segment('.gz')()), bomb);
    const before = process.memoryUsage().rss;
    const report = await verify(join(folder, 's.jsonl'), TRUST);
    expect(report.ok).toBe(false);
    await orGaitError(() => drain(readJournal(join(folder, 's.jsonl'))));
    expect(process.memoryUsage().rss - before).toBeLessThan(MAX_GROWTH_BYTES);
  });

  test('of one endless line is refused, and read in pieces', async () => {
    const folder = fresh();
    const path = join(folder, 's.jsonl');
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(300 * 1024 * 1024, 0x7b)]));
    const before = process.memoryUsage().rss;
    expect((await verify(path, TRUST)).ok).toBe(false);
    expect(process.memoryUsage().rss - before).toBeLessThan(MAX_GROWTH_BYTES);
  });

  test.each(['s.jsonl', 't.json', 's_chain.json', 'cp.note', 'p.proof', '.gait/config.yaml'])(
    'of deep nesting in the place of %s is refused',
    async (file) => {
      const folder = fresh();
      for (const open of ['[', '{"a":', '- ', '&a [*a,']) {
        writeFileSync(join(folder, file), open.repeat(200_000));
        await orGaitError(async () => {
          if (file.endsWith('.yaml')) describePolicy({ config: join(folder, file) });
          else expect((await verify(join(folder, file), TRUST)).ok).toBe(false);
        });
      }
    },
  );
});

test('nothing that was read has changed what every object is', () => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { ok?: boolean }).ok).toBeUndefined();
});
