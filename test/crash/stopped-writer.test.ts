import { lstatSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GaitError, openJournal, type OpenOptions, type Receipt } from '../../src/index.js';
import { codeOf, event } from '../support/appending.js';
import { runCli } from '../support/cli.js';
import { expectLinear, readEvents } from '../support/linear-journal.js';
import { POINTS, StoppedWriter, type Point } from '../support/stopped-writer.js';

/** Points at which nothing of the stopped writer is in the file yet. */
const BEFORE_ITS_WRITE: readonly Point[] = ['before the lock is checked', 'before the write'];
/** The kernel lock alone has no directory to check or remove. */
const KERNEL_POINTS = POINTS.filter(
  (point) => point !== 'before the lock is checked' && point !== 'before the release',
);

/** Opens, appends each id, closes. */
async function appendAs(path: string, ids: readonly string[], options: OpenOptions): Promise<Map<string, Receipt>> {
  const journal = await openJournal(path, options);
  const receipts = new Map<string, Receipt>();
  for (const id of ids) receipts.set(id, await journal.append(event(id)));
  await journal.close();
  return receipts;
}

async function failureOf(work: Promise<unknown>): Promise<GaitError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GaitError);
  return error as GaitError;
}

function idsOf(path: string): (string | undefined)[] {
  return readEvents(path).map(({ correlation_id: id }) => id);
}

describe('a writer stopped in its critical section under the kernel lock', () => {
  const CASES = [
    ...POINTS.map((point) => ({ lockLayers: 'both', point }) as const),
    ...KERNEL_POINTS.map((point) => ({ lockLayers: 'kernel', point }) as const),
  ];

  test.each(CASES)(
    'keeps everybody else out ($lockLayers, $point) and loses nothing',
    async ({ lockLayers, point }) => {
      const stopped = await StoppedWriter.at(point, { lockLayers });
      const impatient = await openJournal(stopped.path, { lockLayers, lockTimeoutMs: 100, lockRetryMs: 10 });
      const errors: GaitError[] = [await failureOf(impatient.append(event('impatient')))];
      // However old its lock directory grows: the kernel knows that the writer lives.
      if (lockLayers === 'both') stopped.ageLock();
      errors.push(await failureOf(impatient.append(event('impatient'))));
      errors.push(await failureOf(impatient.append(event('impatient'))));

      for (const { code, category, retryable, details } of errors) {
        expect({ code, category, retryable }).toEqual({
          code: 'LOCK_TIMEOUT',
          category: 'state_contention',
          retryable: true,
        });
        expect(details).toMatchObject({
          path: `${stopped.path}.lock`,
          owner: { host: expect.any(String) as string, pid: stopped.pid },
          waited_ms: expect.any(Number) as number,
          attempts: expect.any(Number) as number,
        });
      }

      const waiting = appendAs(stopped.path, ['other-1', 'other-2'], { lockLayers, lockTimeoutMs: 60_000 });
      const { receipts, refused } = await stopped.goOn();
      // A directory that was touched by somebody else may be somebody else's: the writer must then not write.
      expect(refused).toEqual(lockLayers === 'both' && point === 'before the lock is checked' ? ['FENCED'] : []);
      expect(receipts.size + refused.length).toBe(2);
      const others = await waiting;
      others.set('impatient', await impatient.append(event('impatient')));
      await impatient.close();
      const acknowledged = new Map([...receipts, ...others]);
      await expectLinear(stopped.path, acknowledged);
      expect(new Set(idsOf(stopped.path))).toEqual(new Set(['first', ...acknowledged.keys()]));
    },
  );
});

describe('a writer stopped in its critical section where only the lock directory protects', () => {
  const lockLayers = 'directory';

  test.each(POINTS)('is overtaken without a fork (%s)', async (point) => {
    const stopped = await StoppedWriter.at(point, { lockLayers });
    stopped.ageLock();
    const others = await appendAs(stopped.path, ['other-1', 'other-2', 'other-3'], { lockLayers });
    const { receipts, refused } = await stopped.goOn();
    const isLost = BEFORE_ITS_WRITE.includes(point);
    expect(refused).toEqual(isLost ? ['FENCED'] : []);
    expect([...receipts.keys()]).toEqual(isLost ? ['later'] : ['held', 'later']);
    await expectLinear(stopped.path, new Map([...receipts, ...others]));
    const held = isLost ? [] : ['held'];
    expect(idsOf(stopped.path)).toEqual(['first', ...held, ...others.keys(), 'later']);
  });

  test.each(POINTS.filter((point) => point !== 'before the release'))(
    'leaves its successor the lock and the journal (%s)',
    async (point) => {
      const stopped = await StoppedWriter.at(point, { lockLayers, lockTimeoutMs: 100 });
      stopped.ageLock();
      const successor = await openJournal(stopped.path, { lockLayers, lock: 'exclusive' });
      const others = new Map([['other-1', await successor.append(event('other-1'))]]);
      const { receipts, refused } = await stopped.goOn();
      const isLost = BEFORE_ITS_WRITE.includes(point);
      expect(refused).toEqual(isLost ? ['FENCED', 'LOCK_TIMEOUT'] : ['LOCK_TIMEOUT']);
      expect(lstatSync(`${stopped.path}.lock`).isDirectory()).toBe(true);
      others.set('other-2', await successor.append(event('other-2')));
      await successor.close();
      await expectLinear(stopped.path, new Map([...receipts, ...others]));
      expect(idsOf(stopped.path)).toEqual(['first', ...(isLost ? [] : ['held']), 'other-1', 'other-2']);
    },
  );

  // Between looking at a directory and removing it there is no telling whose it has become.
  test('fences the successor whose lock it removes (before the release)', async () => {
    const stopped = await StoppedWriter.at('before the release', { lockLayers });
    stopped.ageLock();
    const successor = await openJournal(stopped.path, { lockLayers, lock: 'exclusive' });
    const others = new Map([['other-1', await successor.append(event('other-1'))]]);
    const { receipts } = await stopped.goOn();
    expect([...receipts.keys()]).toEqual(['held', 'later']);
    expect(await codeOf(successor.append(event('other-2')))).toBe('FENCED');
    await successor.close();
    await expectLinear(stopped.path, new Map([...receipts, ...others]));
    expect(idsOf(stopped.path)).toEqual(['first', 'held', 'other-1', 'later']);
  });
});

test('a command that gave up waiting for a stopped writer ends, and says who is in the way', async () => {
  const writer = await StoppedWriter.at('before the sync', { lockLayers: 'both' });
  const args = [
    'run',
    'session',
    'append',
    '--journal',
    writer.path,
    '--tool',
    'sh.run',
    '--verdict',
    'allow',
    '--json',
  ];
  const { code, stdout } = await runCli(args, { env: { GAIT_SESSION_LOCK_TIMEOUT: '200ms' } });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    error_code: 'LOCK_TIMEOUT',
    retryable: true,
    details: { owner: { pid: writer.pid } },
  });
  await writer.goOn();
});
