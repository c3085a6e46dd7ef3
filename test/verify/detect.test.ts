/** What a file is, told by its content, whole or damaged; and one question for every kind. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { proveConsistency, proveInclusion, verify } from '../../src/index.js';
import { detectArtifact, type ArtifactKind } from '../../src/journal/index.js';
import { caught, newFolder, newJournal } from '../support/journal-fixtures.js';
import { repositoryRoot } from '../support/paths.js';
import { KEY, sealedSession, STRICT, type SealedSession } from '../support/sealed-session.js';

const goVectors = join(repositoryRoot, 'test', 'vectors', 'gait-go');

let session: SealedSession;
/** One file of every kind of ours, under its usual name. */
let files: Readonly<Record<string, string>>;

beforeAll(async () => {
  session = await sealedSession(20);
  const { folder, journal } = session;
  const inclusion = join(folder, 'event-3.proof');
  const consistency = join(folder, 'growth.proof');
  writeFileSync(inclusion, (await proveInclusion(journal, 3)).text);
  writeFileSync(consistency, (await proveConsistency(journal, 3)).text);
  files = {
    journal,
    runpack: session.runpacks[0] ?? '',
    chain: session.chain,
    note: session.noteFile,
    inclusion,
    consistency,
  };
});

const KINDS: readonly (readonly [file: string, kind: ArtifactKind, reported: string])[] = [
  ['journal', 'journal', 'journal'],
  ['runpack', 'runpack', 'runpack'],
  ['chain', 'chain', 'chain'],
  ['note', 'proof', 'note'],
  ['inclusion', 'proof', 'inclusion_proof'],
  ['consistency', 'proof', 'consistency_proof'],
];

const fileOf = (name: string): string => files[name] ?? '';

/** The same bytes under a name that says nothing, in a folder of their own. */
function anonymous(name: string, change: (bytes: Buffer) => Buffer = (bytes) => bytes): string {
  const path = join(newFolder(), 'evidence');
  writeFileSync(path, change(readFileSync(fileOf(name))));
  return path;
}

describe('a file of evidence', () => {
  it.each(KINDS)('of kind %s is known by its content, whatever its name', (name, kind) => {
    expect(detectArtifact(fileOf(name))).toBe(kind);
    expect(detectArtifact(anonymous(name))).toBe(kind);
  });

  it.each(KINDS)('of kind %s is verified as what it is', async (name, _, reported) => {
    expect(await verify(fileOf(name), STRICT)).toMatchObject({ ok: true, kind: reported });
  });

  it('of the Go tool is known too', () => {
    const traces = join(goVectors, 'traces');
    const trace =
      readdirSync(traces, { recursive: true, encoding: 'utf8' }).find((name) => /trace.*\.json$/.test(name)) ?? '';
    const copy = join(newFolder(), 'evidence');
    copyFileSync(join(traces, trace), copy);
    expect(detectArtifact(copy)).toBe('trace');
    const sealed = readdirSync(join(goVectors, 'sealed'), { recursive: true, encoding: 'utf8' });
    for (const name of sealed.filter((each) => each.endsWith('.jsonl')))
      expect(detectArtifact(join(goVectors, 'sealed', name))).toBe('journal');
    for (const name of sealed.filter((each) => each.endsWith('_chain.json')))
      expect(detectArtifact(join(goVectors, 'sealed', name))).toBe('chain');
  });

  it('whose head is damaged keeps its kind where its name says it, and its verdict is that of damaged evidence', async () => {
    const zeroed = (bytes: Buffer): Buffer => Buffer.from(bytes).fill(0, 0, 4);
    for (const [name, suffix, kind] of [
      ['journal', '.jsonl', 'journal'],
      ['runpack', '.zip', 'runpack'],
      ['chain', '_chain.json', 'chain'],
    ] as const) {
      const path = join(newFolder(), `evidence${suffix}`);
      writeFileSync(path, zeroed(readFileSync(fileOf(name))));
      expect(detectArtifact(path)).toBe(kind);
      const verdict = await verify(path, STRICT).then(
        ({ ok }) => ok,
        (error: unknown) => (error as { readonly code?: string }).code,
      );
      expect([false, 'INVALID_CHAIN', 'INVALID_RUNPACK']).toContain(verdict);
    }
  });

  it('that is a journal stays one beside its sidecar, even with nothing readable in it', async () => {
    const path = join(newFolder(), 'evidence');
    writeFileSync(path, 'x'.repeat(100));
    mkdirSync(`${path}.gait`);
    expect(detectArtifact(path)).toBe('journal');
    expect((await verify(path)).ok).toBe(false);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello\n')],
    ['other JSON', Buffer.from('{"schema_id":"something.else"}\n')],
    ['noise', Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 151) % 256))],
  ])('that holds %s is none, and is refused rather than called valid', async (_, bytes) => {
    const path = join(newFolder(), 'evidence');
    writeFileSync(path, bytes);
    expect(detectArtifact(path)).toBe('unknown');
    expect((await caught(verify(path))).code).toBe('INVALID_ARGUMENT');
  });

  it('that is not there, or an empty folder, or a link that leads nowhere, is an error', async () => {
    const folder = newFolder();
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
    expect((await caught(verify(join(folder, 'none')))).code).toBe('FILE_NOT_FOUND');
    expect((await caught(verify(join(folder, 'none.jsonl')))).code).toBe('JOURNAL_NOT_FOUND');
    expect((await caught(verify(join(folder, 'link')))).code).toBe('FILE_NOT_FOUND');
    expect((await caught(verify(folder))).code).toBe('INVALID_ARGUMENT');
    expect((await caught(verify('a/../../b'))).code).toBe('INVALID_PATH');
  });
});

describe('verify of any kind', () => {
  it('takes a head that is trusted already for journals alone', async () => {
    const since = session.notes[0] ?? '';
    expect((await verify(session.journal, { ...STRICT, since })).ok).toBe(true);
    for (const [name] of KINDS.slice(1)) {
      expect((await caught(verify(fileOf(name), { ...STRICT, since }))).code).toBe('INVALID_ARGUMENT');
    }
  });

  it('asks for a key where it is told to be strict, and refuses a profile or an option that it does not know', async () => {
    for (const [name] of KINDS) {
      expect((await caught(verify(fileOf(name), { profile: 'strict' }))).code).toBe('INVALID_ARGUMENT');
      expect((await caught(verify(fileOf(name), { profile: 'lax' } as never))).code).toBe('INVALID_ARGUMENT');
    }
  });

  it('refuses what is unsigned where a signature is demanded', async () => {
    const unsigned = await newJournal(2);
    expect((await verify(unsigned, { requireSignature: true })).ok).toBe(false);
    expect((await verify(unsigned)).ok).toBe(true);
    for (const [name] of KINDS) {
      expect((await verify(fileOf(name), { requireSignature: true })).ok).toBe(false);
      expect((await verify(fileOf(name), { requireSignature: true, publicKeys: [KEY.publicKey] })).ok).toBe(true);
    }
  });
});
