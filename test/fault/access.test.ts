/** What other people may see, take or put in the way: refused or reported, and never followed out of the root. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  erasePayload,
  initKeys,
  isGaitError,
  loadPrivateKey,
  openJournal,
  planPrune,
  readJournal,
  startSession,
  verify,
} from '../../src/index.js';
import { codeOf } from '../support/appending.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { caught, IDS, newFolder, newJournal, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { KEY } from '../support/sealed-session.js';
import { gait } from '../cli/gait.js';

const SECRET = 'hunter2-of-the-person';

describe('a private key', () => {
  test.each([0o640, 0o604, 0o644, 0o660, 0o601])('with mode %o is refused, and made as 600', (mode) => {
    const { privateKeyPath } = initKeys({ outDir: join(newFolder(), 'keys') });
    expect(statSync(privateKeyPath).mode & 0o777).toBe(0o600);
    chmodSync(privateKeyPath, mode);
    expect(() => loadPrivateKey({ path: privateKeyPath })).toThrowError(
      expect.objectContaining({ code: 'KEY_PERMISSIONS', category: 'invalid_input' }) as Error,
    );
  });

  test('never stands in an error, however it is spoilt or misplaced', async () => {
    const folder = newFolder();
    const { privateKeyPath } = initKeys({ outDir: join(folder, 'keys') });
    const secret = readFileSync(privateKeyPath, 'utf8').trim();
    const spoilt = [secret.slice(0, -6), `${secret}x`, `x${secret}`, `${secret}\n${secret}`, secret.toUpperCase()];
    for (const text of spoilt) {
      writeFileSync(privateKeyPath, text, { mode: 0o600 });
      const error = await caught(Promise.resolve().then(() => loadPrivateKey({ path: privateKeyPath })));
      expect(everythingIn(error)).not.toContain(secret.slice(4, 30));
    }
    const misplaced = await caught(Promise.resolve().then(() => loadPrivateKey({ path: secret })));
    expect(everythingIn(misplaced)).not.toContain(secret.slice(4, 30));
  });
});

/** Message, hint, details and causes. */
function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const details = isGaitError(error) ? JSON.stringify({ ...error.details, hint: error.hint }) : '';
  return `${error.message} ${details} ${error.stack ?? ''} ${everythingIn(error.cause)}`;
}

test('what an event holds does not get into the error that refuses it', async () => {
  const path = await newJournal(1);
  await withJournal(path, async (journal) => {
    const refused = [
      { ...toolCall(1), actor: 5, attributes: { password: SECRET } },
      { ...toolCall(1), attributes: { password: SECRET, big: 10n } },
      { ...toolCall(1), verdict: 'maybe', attributes: { password: SECRET } },
    ];
    for (const event of refused) {
      const error = await caught(journal.append(event as never));
      expect(everythingIn(error)).not.toContain(SECRET);
    }
    const error = await caught(journal.append(toolCall(1), { payload: { content: SECRET as never } }));
    expect(everythingIn(error)).not.toContain(SECRET);
  });
});

test('files and folders of a session are for their owner, and the group at most', async () => {
  const path = join(newFolder(), 'root', 's.jsonl');
  await startSession(path, IDS);
  const journal = await openJournal(path);
  await journal.append(toolCall(1), { payload: { content: Buffer.from('evidence') } });
  await journal.checkpoint({ key: KEY });
  await journal.compact();
  await journal.close();
  for (const file of [path, `${path}.gait/guard`, `${path}.gait/index`]) expect(statSync(file).mode & 0o077).toBe(0);
  for (const folder of [join(path, '..'), `${path}.gait`, `${path}.gait/payloads`, `${path}.gait/segments`]) {
    expect(statSync(folder).mode & 0o027).toBe(0);
  }
});

test('a root that anybody may write to is reported by doctor', async () => {
  const root = join(newFolder(), 'root');
  await startSession(join(root, 's.jsonl'), IDS, QUICK);
  chmodSync(root, 0o777);
  const { json } = await gait(['doctor', '--root', root, '--json']);
  expect(json['checks']).toContainEqual(
    expect.objectContaining({ name: 'root_permissions', status: 'warn', path: root }),
  );
  chmodSync(root, 0o750);
  expect(JSON.stringify((await gait(['doctor', '--root', root, '--json'])).json)).not.toContain('root_permissions');
});

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

test.runIf(isRoot)('a lock directory of another user is waited for, named, and left alone', async () => {
  const path = await newJournal(1);
  mkdirSync(`${path}.lock`);
  chownSync(`${path}.lock`, NOBODY, NOBODY);
  const error = await caught(
    openJournal(path, { lockTimeoutMs: 100 }).then(async (journal) => {
      try {
        return await journal.append(toolCall(1));
      } finally {
        await journal.close();
      }
    }),
  );
  expect([error.code, error.retryable, error.details['path']]).toEqual(['LOCK_TIMEOUT', true, `${path}.lock`]);
  expect(statSync(`${path}.lock`).uid).toBe(NOBODY);
});

test.runIf(isRoot)('a journal of another user is refused with IO_ERROR, and nothing is made beside it', async () => {
  const path = await newJournal(1);
  for (const at of [path, `${path}.gait`]) chmodSync(at, 0o700);
  // As another user, in a process of its own.
  const script = `
    const { openJournal } = await import(${JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)});
    try { await openJournal(${JSON.stringify(path)}); } catch (error) { console.log(error.code, error.category); }
  `;
  const { stdout } = spawnSync('node', ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    uid: NOBODY,
    gid: NOBODY,
  });
  expect(stdout.trim()).toBeOneOf(['IO_ERROR io_failure', '']);
});

describe('what lies in the place of a file', () => {
  test.each(['fifo', 'folder', 'device', 'dangling link', 'link to a device'])('of a journal: a %s', async (what) => {
    const path = join(newFolder(), 's.jsonl');
    put(path, what);
    expect(await codeOf(openJournal(path))).toBeOneOf(['IO_ERROR', 'INVALID_PATH', 'JOURNAL_NOT_FOUND']);
    expect(await codeOf(drain(readJournal(path)))).toBeOneOf(['IO_ERROR', 'INVALID_PATH', 'JOURNAL_NOT_FOUND']);
    const verified = await codeOf(verify(path).then(({ ok }) => (ok ? Promise.reject(new Error('valid')) : undefined)));
    expect(verified).toBeOneOf([undefined, 'IO_ERROR', 'FILE_NOT_FOUND', 'INVALID_ARGUMENT', 'INVALID_PATH']);
  });

  test.each(['index', 'companion', 'guard'])('of the %s: a fifo, a folder, a link', async (name) => {
    for (const what of ['fifo', 'folder', 'dangling link', 'link to a device']) {
      const path = await newJournal(2);
      rmSync(`${path}.gait/${name}`, { force: true });
      put(`${path}.gait/${name}`, what);
      const code = await codeOf(withJournal(path, (journal) => journal.append(toolCall(3))));
      // The index is a cache; what stands where a lock or a record belongs is refused, and says so.
      if (name === 'index') expect(code).toBeUndefined();
      else expect(code).toBeOneOf([undefined, 'IO_ERROR', 'INVALID_PATH']);
    }
  });

  test.each(['fifo', 'folder', 'dangling link', 'link to a device'])('of a private key: a %s', (what) => {
    const path = join(newFolder(), 'k.key');
    put(path, what);
    expect(() => loadPrivateKey({ path })).toThrowError(expect.objectContaining({ name: 'GaitError' }) as Error);
  });
});

function put(path: string, what: string): void {
  if (what === 'fifo') expect(spawnSync('mkfifo', [path]).status).toBe(0);
  else if (what === 'folder') mkdirSync(path);
  else if (what === 'device') symlinkSync('/dev/zero', path);
  else symlinkSync(what === 'dangling link' ? '/nowhere/at-all' : '/dev/zero', path);
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

test('a journal that gets a second, hard-linked name while it is open stays one journal', async () => {
  const path = await newJournal(1);
  const other = join(newFolder(), 'other.jsonl');
  await withJournal(path, async (journal) => {
    linkSync(path, other);
    await journal.append(toolCall(2));
  });
  await withJournal(path, (journal) => journal.append(toolCall(3)));
  expect((await verify(path)).ok).toBe(true);
  expect(readFileSync(other)).toEqual(readFileSync(path));
});

describe('a path that somebody wrote into evidence', () => {
  const victims = ['../../victim', '/etc/passwd', '..\\..\\victim', 'a/../../victim'];

  test.each(victims)('%s in a chain is never opened outside', async (victim) => {
    const folder = newFolder();
    const path = join(folder, 'deep', 'root', 's.jsonl');
    await startSession(path, IDS, QUICK);
    await withJournal(path, async (journal) => {
      await journal.append(toolCall(1));
      await journal.checkpoint({ key: KEY, out: join(folder, 'deep/root/cp.zip') });
    });
    const chain = join(folder, 'deep/root/s_chain.json');
    writeFileSync(join(folder, 'victim'), 'mine');
    const text = readFileSync(chain, 'utf8');
    const { checkpoints } = JSON.parse(text) as { checkpoints: { runpack_path: string }[] };
    const named = checkpoints[0]?.runpack_path ?? '';
    writeFileSync(chain, text.replace(JSON.stringify(named), JSON.stringify(victim)));
    const faults = new FaultFileSystem();
    const report = await verify(chain, { fileSystem: faults.fs, publicKeys: [KEY.publicKey] });
    expect(report.ok).toBe(false);
    // What an absolute path names is looked at only if it is the evidence that the digest says it is; it is never written.
    const changed = faults.calls.filter(({ operation }) =>
      ['write', 'rename', 'unlink', 'truncate'].includes(operation),
    );
    expect(changed).toEqual([]);
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('mine');
  });

  test('in a root, links lead nowhere: neither verified nor planned', async () => {
    const outside = newFolder();
    await startSession(join(outside, 'out.jsonl'), { ...IDS, session_id: 'out' }, QUICK);
    const root = join(newFolder(), 'root');
    await startSession(join(root, 's1.jsonl'), IDS, QUICK);
    symlinkSync(outside, join(root, 'folder'));
    symlinkSync(join(outside, 'out.jsonl'), join(root, 'out.jsonl'));
    const faults = new FaultFileSystem();
    await planPrune(root, { fileSystem: faults.fs, profile: 'short' });
    await verify(root, { fileSystem: faults.fs });
    const opened = faults.calls.filter(({ operation, path }) => operation === 'open' && path.startsWith(outside));
    expect(opened).toEqual([]);
  });

  test('a session id that is a path names no session', async () => {
    const root = join(newFolder(), 'root');
    await startSession(join(root, 's1.jsonl'), IDS, QUICK);
    const request = { sessionId: '../../etc/passwd', sequence: 1, reason: 'x', actor: 'y' };
    expect(await codeOf(erasePayload(request, { ...QUICK, root, key: KEY }))).toBeOneOf([
      'INVALID_ARGUMENT',
      'JOURNAL_NOT_FOUND',
      'INVALID_PATH',
    ]);
    expect(existsSync(join(root, 'gait.ledger.jsonl'))).toBe(false);
  });
});
