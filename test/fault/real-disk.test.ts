/** Disks as they are: full, read-only, with a limit, copied while they are mounted. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openJournal, startSession, verify, type Receipt } from '../../src/index.js';
import { codeOf } from '../support/appending.js';
import { IDS, toolCall } from '../support/journal-fixtures.js';
import { expectLinear } from '../support/linear-journal.js';
import { IS_LONG, need, tell } from '../support/long-form.js';
import { repositoryRoot } from '../support/paths.js';
import { KEY } from '../support/sealed-session.js';
import { tempDir } from '../support/temp-dir.js';

const isRoot = process.getuid?.() === 0;
const run = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const has = (command: string): boolean => run('sh', '-c', `command -v ${command}`);

const LONG_AGO = new Date(Date.UTC(2026, 0, 1));

const mounts: string[] = [];

function mount(...args: string[]): string | undefined {
  const place = tempDir();
  if (!isRoot || !run('mount', ...args, place)) return undefined;
  mounts.push(place);
  return place;
}

afterEach(() => {
  for (const place of mounts.splice(0)) run('umount', '-l', place);
});

/** Appends until the disk is full, and on. What is refused is DISK_FULL, what is acknowledged is there. */
async function fill(path: string): Promise<{ readonly receipts: Map<string, Receipt>; readonly refused: number }> {
  const receipts = new Map<string, Receipt>();
  let refused = 0;
  const journal = await openJournal(path);
  for (let number = 0; refused < 20; number += 1) {
    const id = `e${number}`;
    const event = toolCall(1, {
      correlation_id: id,
      attributes: { filler: 'x'.repeat(number % 7 === 0 ? 30 : 3_000) },
    });
    const code = await codeOf(
      journal.append(event).then((receipt) => {
        receipts.set(id, receipt);
      }),
    );
    if (code === undefined) continue;
    expect(code).toBe('DISK_FULL');
    refused += 1;
  }
  expect(await codeOf(journal.checkpoint({ key: KEY }))).toBeOneOf([undefined, 'DISK_FULL']);
  expect(await codeOf(journal.compact())).toBeOneOf([undefined, 'DISK_FULL']);
  await journal.close();
  return { receipts, refused };
}

describe('a disk of 1 MiB', () => {
  test('filled to the last byte keeps what was acknowledged, and works once there is room', async (context) => {
    const place = mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs') ?? '';
    need(context, place !== '', 'a tmpfs cannot be mounted');
    const ballast = join(place, 'ballast');
    writeFileSync(ballast, Buffer.alloc(200 * 1024));
    const path = join(place, 's.jsonl');
    await startSession(path, IDS);
    const { receipts } = await fill(path);
    expect(receipts.size).toBeGreaterThan(100);
    await expectLinear(path, receipts);
    writeFileSync(ballast, '');
    const journal = await openJournal(path);
    receipts.set('after', await journal.append(toolCall(1, { correlation_id: 'after' })));
    await journal.close();
    await expectLinear(path, receipts);
    tell('full tmpfs', { acknowledged: receipts.size });
  });

  test('that becomes read-only in the middle says so, and loses nothing', async (context) => {
    const place = mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs') ?? '';
    need(context, place !== '', 'a tmpfs cannot be mounted');
    const path = join(place, 's.jsonl');
    await startSession(path, IDS);
    const journal = await openJournal(path);
    const receipt = await journal.append(toolCall(1, { correlation_id: 'a' }));
    await journal.close();
    expect(run('mount', '-o', 'remount,ro', place)).toBe(true);
    expect(await codeOf(openJournal(path))).toBe('IO_ERROR');
    expect(await codeOf(startSession(join(place, 'new.jsonl'), IDS))).toBe('IO_ERROR');
    expect((await verify(path)).ok).toBe(true);
    expect(run('mount', '-o', 'remount,rw', place)).toBe(true);
    await expectLinear(path, new Map([['a', receipt]]));
  });
});

const APPENDER = join(repositoryRoot, 'test/crash/workers/append.mjs');

/** Receipts that a worker printed. */
function receiptsOf(stdout: string): Map<string, Receipt> {
  const found = new Map<string, Receipt>();
  for (const line of stdout.split('\n')) {
    if (!line.includes('"ack"') || !line.endsWith('}')) continue;
    const { ack, receipt } = JSON.parse(line) as { ack: string; receipt: Receipt };
    found.set(ack, receipt);
  }
  return found;
}

test('a limit on the size of files ends in DISK_FULL, and what was acknowledged is there', async (context) => {
  need(context, has('bash'), 'there is no bash');
  const path = join(tempDir(), 's.jsonl');
  await startSession(path, IDS);
  const settings = JSON.stringify({ path, name: 'w', options: {} });
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', 'trap "" XFSZ; ulimit -f 64; exec node "$0" "$1"', APPENDER, settings],
    // Its coverage would be cut at the limit too.
    { encoding: 'utf8', env: { ...process.env, NODE_V8_COVERAGE: '' } },
  );
  const receipts = receiptsOf(stdout);
  expect(receipts.size).toBeGreaterThan(20);
  expect(stderr).toContain('DISK_FULL');
  await expectLinear(path, receipts);
});

test('a mounted ext4 image that is copied, as a power cut would leave it, holds what was acknowledged', async (context) => {
  need(context, isRoot && has('mkfs.ext4'), 'root and mkfs.ext4 are needed');
  const folder = tempDir();
  const image = join(folder, 'disk.img');
  writeFileSync(image, Buffer.alloc(16 * 1024 * 1024));
  need(context, run('mkfs.ext4', '-q', '-F', image), 'mkfs.ext4 fails');
  const place = mount('-o', 'loop', image) ?? '';
  need(context, place !== '', 'a loop device cannot be mounted');
  const path = join(place, 'root', 's.jsonl');
  await startSession(path, IDS);
  const receipts = new Map<string, Receipt>();
  const journal = await openJournal(path);
  for (let round = 0; round < (IS_LONG ? 6 : 1); round += 1) {
    for (let number = 0; number < 10; number += 1) {
      const id = `e${round}-${number}`;
      receipts.set(id, await journal.append(toolCall(1, { correlation_id: id })));
    }
    await journal.checkpoint({ key: KEY });
    if (round % 2 === 0) await journal.compact();
    const copy = join(folder, `copy-${round}.img`);
    copyFileSync(image, copy);
    const copied = mount('-o', 'loop', copy) ?? '';
    expect(copied).not.toBe('');
    const found = join(copied, 'root', 's.jsonl');
    // The lock directory of the one who had the power came along. Within ten seconds of it no machine has booted, so it is
    // as old as it would be then; in the first round it is waited for.
    if (round > 0 && existsSync(`${found}.lock`)) utimesSync(`${found}.lock`, LONG_AGO, LONG_AGO);
    const after = await openJournal(found, { lockTimeoutMs: 15_000 });
    const next = await after.append(toolCall(1, { correlation_id: 'next' }));
    await after.close();
    await expectLinear(found, new Map([...receipts, ['next', next]]));
  }
  await journal.close();
  tell('copied ext4 images', { acknowledged: receipts.size });
});
