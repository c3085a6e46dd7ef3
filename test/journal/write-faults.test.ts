import { copyFileSync, existsSync, readFileSync, renameSync, truncateSync, unlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openJournal, startSession, type Journal, type OpenOptions } from '../../src/index.js';
import { codeOf, event } from '../support/appending.js';
import { errnoError, FaultFileSystem, type FileOperation } from '../support/fault-file-system.js';
import { expectLinear, newJournal, readEvents } from '../support/linear-journal.js';

interface Fixture {
  readonly path: string;
  readonly faults: FaultFileSystem;
  readonly journal: Journal;
  /** The journal's bytes when the fault is about to strike: one acknowledged event. */
  readonly before: Buffer;
}

async function setUp(options: OpenOptions = {}): Promise<Fixture> {
  const path = await newJournal();
  const faults = new FaultFileSystem();
  const journal = await openJournal(path, { ...options, fileSystem: faults.fs });
  await journal.append(event('first'));
  return { path, faults, journal, before: readFileSync(path) };
}

/** Only the first bytes of what is written to the journal get through. */
function writeShort(faults: FaultFileSystem, path: string, sizeBytes: number): void {
  faults.intercept = (call, proceed) => {
    if (call.operation !== 'write' || call.path !== path) return proceed();
    const [descriptor, data, position] = call.args as [number, Uint8Array, null];
    return proceed(descriptor, data.subarray(0, sizeBytes), position);
  };
}

/** The handle works again, its picture of the file is right, and only acknowledged events are there. */
async function expectUsable({ path, faults, journal }: Fixture): Promise<void> {
  faults.intercept = undefined;
  const receipt = await journal.append(event('next'));
  expect(receipt.sequence).toBe(2);
  await journal.close();
  await expectLinear(path, new Map([['next', receipt]]));
  expect(readEvents(path).map(({ correlation_id: id }) => id)).toEqual(['first', 'next']);
}

/** The handle refuses everything; a new one finds exactly what was acknowledged. */
async function expectPoisoned({ path, faults, journal }: Fixture): Promise<void> {
  faults.intercept = undefined;
  expect(await codeOf(journal.append(event('refused')))).toBe('HANDLE_POISONED');
  await journal.close();
  const reopened = await openJournal(path);
  const receipt = await reopened.append(event('next'));
  await reopened.close();
  await expectLinear(path, new Map([['next', receipt]]));
}

describe('a write that fails is taken back whole, and the handle goes on', () => {
  test.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EIO', 'IO_ERROR'],
  ])('%s comes out as %s', async (errno, code) => {
    const fixture = await setUp();
    fixture.faults.fail('write', fixture.path, errno);
    expect(await codeOf(fixture.journal.append(event('lost')))).toBe(code);
    expect(readFileSync(fixture.path)).toEqual(fixture.before);
    await expectUsable(fixture);
  });

  // The last is all but the line feed: what recovery would take for a line that may have been acknowledged.
  test.each([1, 100, -1])('after bytes 0 to %d there is no more room', async (sizeBytes) => {
    const fixture = await setUp();
    writeShort(fixture.faults, fixture.path, sizeBytes);
    expect(await codeOf(fixture.journal.append(event('lost')))).toBe('DISK_FULL');
    expect(readFileSync(fixture.path)).toEqual(fixture.before);
    await expectUsable(fixture);
  });

  test('all of a group is refused when part of it fits', async () => {
    const fixture = await setUp();
    // Two whole lines of the three, and some of the third.
    writeShort(fixture.faults, fixture.path, 900);
    const sent = ['a', 'b', 'c'].map((id) => codeOf(fixture.journal.append(event(id))));
    expect(await Promise.all(sent)).toEqual(['DISK_FULL', 'DISK_FULL', 'DISK_FULL']);
    expect(readFileSync(fixture.path)).toEqual(fixture.before);
    await expectUsable(fixture);
  });

  test('a write that fails although its bytes arrived', async () => {
    const fixture = await setUp();
    fixture.faults.intercept = (call, proceed) => {
      const result = proceed();
      if (call.operation === 'write' && call.path === fixture.path) throw errnoError('EIO');
      return result;
    };
    expect(await codeOf(fixture.journal.append(event('lost')))).toBe('IO_ERROR');
    expect(readFileSync(fixture.path)).toEqual(fixture.before);
    await expectUsable(fixture);
  });
});

describe('a failure that leaves the disk in doubt poisons the handle', () => {
  test('a sync that fails acknowledges nothing and leaves nothing', async () => {
    const fixture = await setUp();
    fixture.faults.fail('syncData', fixture.path, 'EIO');
    const sent = ['a', 'b'].map((id) => codeOf(fixture.journal.append(event(id))));
    expect(await Promise.all(sent)).toEqual(['SYNC_FAILED', 'SYNC_FAILED']);
    expect(readFileSync(fixture.path)).toEqual(fixture.before);
    await expectPoisoned(fixture);
    expect(readEvents(fixture.path).map(({ correlation_id: id }) => id)).toEqual(['first', 'next']);
  });

  test('a failed sync is never tried again', async () => {
    const fixture = await setUp();
    fixture.faults.calls.length = 0;
    fixture.faults.fail('syncData', fixture.path, 'EIO');
    expect(await codeOf(fixture.journal.append(event('lost')))).toBe('SYNC_FAILED');
    await expectPoisoned(fixture);
    expect(fixture.faults.count('syncData', fixture.path)).toBe(1);
  });

  test.each<[FileOperation, string]>([
    ['syncData', 'SYNC_FAILED'],
    ['write', 'HANDLE_POISONED'],
  ])('a failed %s whose bytes cannot be cut off either', async (operation, code) => {
    const fixture = await setUp();
    fixture.faults.intercept = (call, proceed) => {
      if (call.path !== fixture.path) return proceed();
      if (call.operation === 'truncate') throw errnoError('EIO');
      if (call.operation !== operation) return proceed();
      // The sync is not made, the write stops half way.
      if (operation === 'syncData') throw errnoError('EIO');
      const [descriptor, data, position] = call.args as [number, Uint8Array, null];
      return proceed(descriptor, data.subarray(0, 100), position);
    };
    expect(await codeOf(fixture.journal.append(event('doubtful')))).toBe(code);
    expect(readFileSync(fixture.path).subarray(0, fixture.before.length)).toEqual(fixture.before);
    await expectPoisoned(fixture);
  });

  test('a write whose place nobody can tell', async () => {
    const fixture = await setUp();
    let isWritten = false;
    fixture.faults.intercept = (call, proceed) => {
      if (call.path !== fixture.path) return proceed();
      if (isWritten && call.operation === 'fstat') throw errnoError('EIO');
      isWritten ||= call.operation === 'write';
      return proceed();
    };
    expect(await codeOf(fixture.journal.append(event('doubtful')))).toBe('HANDLE_POISONED');
    await expectPoisoned(fixture);
  });
});

describe('a failure beside the journal', () => {
  test.each<[FileOperation, string]>([
    ['open', '.tmp-'],
    ['rename', '.tmp-'],
  ])('of the index (%s) costs nothing but speed', async (operation, name) => {
    const fixture = await setUp();
    fixture.faults.intercept = (call, proceed) => {
      if (call.operation === operation && call.path.includes(name)) throw errnoError('ENOSPC');
      return proceed();
    };
    const receipt = await fixture.journal.append(event('a'));
    await fixture.journal.close();
    await expectLinear(fixture.path, new Map([['a', receipt]]));
  });

  test.each(['ENOSPC', 'EACCES'])('of the lock directory (%s) changes no byte of the journal', async (errno) => {
    const fixture = await setUp();
    // The directory of the first commit is given back when the event loop has turned.
    while (existsSync(`${fixture.path}.lock`)) await new Promise<void>((resolve) => setImmediate(resolve));
    fixture.faults.fail('mkdir', '.lock', errno);
    expect(await codeOf(fixture.journal.append(event('a')))).toBe(errno === 'ENOSPC' ? 'DISK_FULL' : 'IO_ERROR');
    expect(readFileSync(fixture.path)).toEqual(fixture.before);
    await expectUsable(fixture);
  });

  test('of the guard refuses the handle and leaves no descriptor open', async () => {
    const path = await newJournal();
    const faults = new FaultFileSystem();
    faults.fail('open', '/guard', 'EACCES');
    expect(await codeOf(openJournal(path, { fileSystem: faults.fs }))).toBe('IO_ERROR');
    const opened = faults.calls.filter(({ operation, path: at }) => operation === 'open' && !at.endsWith('/guard'));
    // The index is not there yet, so that opening it yields no descriptor.
    const descriptors = opened.filter(({ path: at }) => !at.endsWith('/index'));
    expect(faults.calls.filter(({ operation }) => operation === 'close')).toHaveLength(descriptors.length);
  });

  test('of the last sync of a buffered journal is told by close and cuts nothing off', async () => {
    const { path, faults, journal } = await setUp({ durability: 'buffered' });
    const other = await openJournal(path);
    const receipt = await other.append(event('other'));
    await other.close();
    const before = readFileSync(path);
    faults.fail('syncData', path, 'EIO');
    expect(await codeOf(journal.close())).toBe('SYNC_FAILED');
    expect(readFileSync(path)).toEqual(before);
    await expectLinear(path, new Map([['other', receipt]]));
  });
});

describe('a journal that is not what the handle last saw', () => {
  test('deleted: JOURNAL_NOT_FOUND, and it is not made again', async () => {
    const { path, journal } = await setUp();
    unlinkSync(path);
    expect(await codeOf(journal.append(event('a')))).toBe('JOURNAL_NOT_FOUND');
    expect(existsSync(path)).toBe(false);
    await journal.close();
  });

  test("replaced by another session's: SESSION_MISMATCH, and that one is left alone", async () => {
    const { path, journal } = await setUp();
    const otherPath = await newJournal();
    unlinkSync(otherPath);
    await startSession(otherPath, { session_id: 'other', run_id: 'r' });
    renameSync(otherPath, path);
    const bytes = readFileSync(path);
    expect(await codeOf(journal.append(event('a')))).toBe('SESSION_MISMATCH');
    expect(readFileSync(path)).toEqual(bytes);
    await journal.close();
  });

  test('replaced by an earlier copy of itself: JOURNAL_TRUNCATED', async () => {
    const { path, journal } = await setUp();
    const copy = `${path}.copy`;
    copyFileSync(path, copy);
    await journal.append(event('second'));
    renameSync(copy, path);
    const bytes = readFileSync(path);
    expect(await codeOf(journal.append(event('a')))).toBe('JOURNAL_TRUNCATED');
    expect(readFileSync(path)).toEqual(bytes);
    await journal.close();
  });

  test('replaced by a true copy of itself: the handle moves over', async () => {
    const { path, journal } = await setUp();
    const copy = `${path}.copy`;
    copyFileSync(path, copy);
    renameSync(copy, path);
    const receipt = await journal.append(event('second'));
    await journal.close();
    await expectLinear(path, new Map([['second', receipt]]));
    expect(readEvents(path)).toHaveLength(2);
  });

  test.each([1, 300])('shrunk by %d bytes: JOURNAL_TRUNCATED, and nothing is repaired', async (lostBytes) => {
    const { path, journal, before } = await setUp();
    truncateSync(path, before.length - lostBytes);
    expect(await codeOf(journal.append(event('a')))).toBe('JOURNAL_TRUNCATED');
    expect(readFileSync(path)).toEqual(before.subarray(0, before.length - lostBytes));
    await journal.close();
  });

  test('grown by another writer: read first, then appended to', async () => {
    const { path, journal } = await setUp();
    const other = await openJournal(path);
    const theirs = await other.append(event('theirs'));
    await other.close();
    const ours = await journal.append(event('ours'));
    await journal.close();
    await expectLinear(
      path,
      new Map([
        ['theirs', theirs],
        ['ours', ours],
      ]),
    );
  });
});
