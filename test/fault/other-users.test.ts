/** Another user of the machine, for real: a process with another user id. Root alone can start one. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test, type TestContext } from 'vitest';
import { initKeys, planPrune, startSession, verify } from '../../src/index.js';
import { gait } from '../cli/gait.js';
import { codeOf } from '../support/appending.js';
import { folderContent, IDS, newFolder, toolCall, withJournal } from '../support/journal-fixtures.js';
import { need } from '../support/long-form.js';

const NOBODY = 65_534;
const LONG_AGO = new Date(Date.UTC(2026, 0, 1));
const LIBRARY = new URL('../../dist/src/index.js', import.meta.url).href;

/**
 * What a script prints that runs as another user, with the library as `gait`; its errors are printed as their codes. It begins as
 * root, as Node itself may lie where the other user cannot start it.
 */
function asNobody(body: string): string {
  const script = `
    const gait = await import(${JSON.stringify(LIBRARY)});
    process.setgroups([]);
    process.setgid(${NOBODY});
    process.setuid(${NOBODY});
    const say = (error) => console.log(error.code ?? String(error), JSON.stringify({ ...error.details, text: error.message }));
    try { ${body} } catch (error) { say(error); }
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '' },
  });
  return stdout === '' ? stderr : stdout.trim();
}

/** A folder that everybody may enter. */
function openFolder(mode: number): string {
  const folder = newFolder();
  chmodSync(dirname(folder), 0o755);
  chmodSync(folder, mode);
  return folder;
}

function giveAway(folder: string): void {
  for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    chownSync(join(folder, name), NOBODY, NOBODY);
  }
}

const append = (path: string): string => `
  const journal = await gait.openJournal(${JSON.stringify(path)}, { lockTimeoutMs: 300 });
  try { console.log('sequence', (await journal.append({ tool_name: 't', verdict: 'allow' })).sequence); }
  finally { await journal.close(); }
`;

beforeEach((context: TestContext) => {
  need(context, process.getuid?.() === 0, 'only root can start a process of another user');
  need(context, asNobody(`console.log('here')`) === 'here', 'another user cannot read the library');
});

test('a private key that others can read signs nothing for them; one they cannot read is not told of', () => {
  const folder = openFolder(0o755);
  const { privateKeyPath } = initKeys({ outDir: join(folder, 'keys') });
  chmodSync(join(folder, 'keys'), 0o755);
  const secret = readFileSync(privateKeyPath, 'utf8').trim();
  const load = `gait.loadPrivateKey({ path: ${JSON.stringify(privateKeyPath)} }); console.log('loaded');`;
  chmodSync(privateKeyPath, 0o644);
  expect(asNobody(load)).toMatch(/^KEY_PERMISSIONS /);
  chmodSync(privateKeyPath, 0o600);
  const refused = asNobody(load);
  expect(refused).toMatch(/^(IO_ERROR|INVALID_KEY) /);
  expect(refused).not.toContain(secret.slice(4, 30));
});

test.each(['fresh', 'stale'])(
  'a %s lock directory of another user, who may not remove it, is named and left',
  async (age) => {
    const folder = openFolder(0o1777);
    const path = join(folder, 's1.jsonl');
    await startSession(path, IDS);
    for (const name of readdirSync(folder)) {
      chownSync(join(folder, name), NOBODY, NOBODY);
      if (name.endsWith('.gait')) giveAway(join(folder, name));
    }
    mkdirSync(`${path}.lock`);
    if (age === 'stale') utimesSync(`${path}.lock`, LONG_AGO, LONG_AGO);
    const before = readFileSync(path);
    const said = asNobody(append(path));
    expect(said).toMatch(/^(LOCK_TIMEOUT|IO_ERROR) /);
    expect(said).toContain(`${path}.lock`);
    expect(statSync(`${path}.lock`).uid).toBe(0);
    expect(readFileSync(path)).toEqual(before);
  },
);

test('a session of somebody else is refused, and left as it is', async () => {
  const folder = openFolder(0o755);
  const path = join(folder, 's1.jsonl');
  await startSession(path, IDS);
  const before = folderContent(folder);
  expect(asNobody(append(path))).toMatch(/^IO_ERROR /);
  expect(folderContent(folder)).toEqual(before);
});

test('what another user put into a root that all may write to leads nowhere, and doctor names the root', async () => {
  const root = openFolder(0o777);
  const secret = join(newFolder(), 'secret');
  await startSession(join(secret, 'mine.jsonl'), IDS);
  await startSession(join(root, 's1.jsonl'), IDS);
  const links = `
    const { mkdirSync, symlinkSync } = await import('node:fs');
    symlinkSync(${JSON.stringify(join(secret, 'mine.jsonl'))}, ${JSON.stringify(join(root, 'link.jsonl'))});
    symlinkSync(${JSON.stringify(secret)}, ${JSON.stringify(join(root, 'folder'))});
    mkdirSync(${JSON.stringify(join(root, 's1.jsonl.lock'))});
    console.log('done');
  `;
  expect(asNobody(links)).toBe('done');
  const before = folderContent(secret);
  const { items } = await planPrune(root, { profile: 'short' });
  expect(items.map(({ path }) => path).filter((path) => !path.startsWith('s1'))).toEqual([]);
  expect((await verify(root)).ok).toBe(true);
  const { json } = await gait(['doctor', '--root', root, '--json']);
  expect(json['checks']).toContainEqual(expect.objectContaining({ name: 'root_permissions', status: 'warn' }));
  expect(folderContent(secret)).toEqual(before);
  // A lock that anybody could make: waited for while it is fresh, taken over when nobody keeps it alive.
  const path = join(root, 's1.jsonl');
  const appended = withJournal(path, (journal) => journal.append(toolCall(1)), { lockTimeoutMs: 200 });
  expect(await codeOf(appended)).toBe('LOCK_TIMEOUT');
  utimesSync(`${path}.lock`, LONG_AGO, LONG_AGO);
  const { sequence } = await withJournal(path, (journal) => journal.append(toolCall(1)), { lockTimeoutMs: 5_000 });
  expect([sequence, existsSync(`${path}.lock`)]).toEqual([1, false]);
});
