/** The Go tool's lock file, under the name where we make a lock directory. */
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startSession } from '../../src/index.js';
import { caught, IDS, newJournal, toolCall, withJournal } from '../support/journal-fixtures.js';

const MINUTE = 60_000;

/** What the Go tool writes. */
function goLock(path: string, ageMs: number, pid = process.pid): void {
  const createdAt = new Date(Date.now() - ageMs);
  const text = JSON.stringify({
    created_at: `${createdAt.toISOString().slice(0, 19)}Z`,
    pid,
    schema_id: 'gait.runpack.session_lock',
    schema_version: '1.0.0',
  });
  writeFileSync(`${path}.lock`, `${text}\n`);
  utimesSync(`${path}.lock`, createdAt, createdAt);
}

describe.each(['both', 'directory'] as const)('a lock file of the Go tool, with lock layers %s', (lockLayers) => {
  const options = { lockLayers, lockTimeoutMs: 60, lockRetryMs: 5, env: {} };

  it('that is held keeps us out: LOCK_TIMEOUT names its owner, and journal and lock stay as they are', async () => {
    const path = await newJournal(1);
    goLock(path, 1_000, 4242);
    const before = readFileSync(path);
    const lock = readFileSync(`${path}.lock`);
    const error = await caught(withJournal(path, (journal) => journal.append(toolCall(2)), options));
    expect(error).toMatchObject({ code: 'LOCK_TIMEOUT', category: 'state_contention', retryable: true });
    expect(error.details).toMatchObject({ path: `${path}.lock`, owner: { kind: 'go tool', pid: 4242 } });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readFileSync(`${path}.lock`).equals(lock)).toBe(true);
  });

  it('that is given back lets a waiting append through', async () => {
    const path = await newJournal(1);
    goLock(path, 1_000);
    setTimeout(() => rmSync(`${path}.lock`), 50);
    const receipt = await withJournal(path, (journal) => journal.append(toolCall(2)), {
      ...options,
      lockTimeoutMs: 10_000,
    });
    expect(receipt.sequence).toBe(2);
  });

  it('that is stale by its own rule is recovered, and no younger one', async () => {
    const path = await newJournal(1);
    goLock(path, 4 * MINUTE);
    expect((await caught(withJournal(path, (journal) => journal.append(toolCall(2)), options))).code).toBe(
      'LOCK_TIMEOUT',
    );
    goLock(path, 6 * MINUTE);
    expect(await withJournal(path, (journal) => journal.append(toolCall(2)), options)).toMatchObject({ sequence: 2 });
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('obeys GAIT_SESSION_LOCK_STALE_AFTER as the Go tool does', async () => {
    const path = await newJournal(1);
    goLock(path, 2 * MINUTE);
    const env = { GAIT_SESSION_LOCK_STALE_AFTER: '90s' };
    expect(await withJournal(path, (journal) => journal.append(toolCall(2)), { ...options, env })).toMatchObject({
      sequence: 2,
    });
  });

  it('that was just made and is still empty is waited for, not taken', async () => {
    const path = await newJournal(1);
    writeFileSync(`${path}.lock`, '');
    // Young for as long as the test may take on a slow machine.
    const soon = new Date(Date.now() + MINUTE);
    utimesSync(`${path}.lock`, soon, soon);
    const { ino } = statSync(`${path}.lock`);
    expect((await caught(withJournal(path, (journal) => journal.append(toolCall(2)), options))).code).toBe(
      'LOCK_TIMEOUT',
    );
    expect(statSync(`${path}.lock`).ino).toBe(ino);
  });

  it('keeps start out of a journal that is not there yet', async () => {
    const path = `${await newJournal()}.other`;
    goLock(path, 1_000);
    expect((await caught(startSession(path, IDS, options))).code).toBe('LOCK_TIMEOUT');
    expect(existsSync(path)).toBe(false);
  });
});
