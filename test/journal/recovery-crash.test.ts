/** Recovery that is itself cut short, after each change it makes to the disk. */
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal, verifyJournal, type FileSystem } from '../../src/index.js';
import { FaultFileSystem, type FileOperation } from '../support/fault-file-system.js';
import { linesOf, newJournal, QUICK, removeIndex, withJournal } from '../support/journal-fixtures.js';

const CHANGES: readonly FileOperation[] = ['write', 'truncate', 'rename', 'unlink', 'mkdir', 'mkdirs', 'rmdir'];

class DeadError extends Error {}

/** Lets `steps` changes happen, then nothing more; with `tears`, the first that is refused leaves half of its bytes. */
function dyingAfter(steps: number, tears: boolean): { readonly fs: FileSystem; hasDied: () => boolean } {
  const faults = new FaultFileSystem();
  let left = steps;
  faults.intercept = ({ operation, args }, proceed) => {
    if (!CHANGES.includes(operation) && !(operation === 'open' && args[1] === 'create')) return proceed();
    left -= 1;
    if (left >= 0) return proceed();
    const [descriptor, data, position] = args;
    if (tears && left === -1 && operation === 'write') {
      const bytes = data as Uint8Array;
      proceed(descriptor, bytes.subarray(0, bytes.length >> 1), position);
    }
    throw new DeadError();
  };
  return { fs: faults.fs, hasDied: () => left < 0 };
}

/** Opening in exclusive mode recovers, and appends nothing of its own. */
async function recover(path: string, fileSystem: FileSystem = QUICK.fileSystem): Promise<void> {
  await withJournal(path, () => Promise.resolve(), { ...QUICK, fileSystem, lock: 'exclusive' });
}

async function tryToRecover(path: string, fileSystem: FileSystem): Promise<void> {
  try {
    const journal = await openJournal(path, { ...QUICK, fileSystem, lock: 'exclusive' });
    await journal.close();
  } catch (error) {
    if (
      !(error instanceof Error) ||
      !(error instanceof DeadError || error.cause instanceof DeadError || isPoison(error))
    )
      throw error;
  }
}

const isPoison = (error: Error): boolean => 'code' in error && error.code === 'HANDLE_POISONED';

function keptBytes(path: string): string[] {
  const folder = `${path}.gait/torn`;
  return readdirSync(folder)
    .filter((name) => !name.includes('.tmp-'))
    .map((name) => `${name} ${readFileSync(join(folder, name), 'latin1')}`);
}

describe('a recovery that dies after any of its steps', () => {
  it.each([true, false])('is finished by the next one, also when it dies in a write: %s', async (tears) => {
    const path = await newJournal(3);
    truncateSync(path, readFileSync(path).length - 20);
    const torn = readFileSync(path);
    const wholeLines = linesOf(path);
    const reset = (): void => {
      rmSync(`${path}.gait`, { recursive: true, force: true });
      rmSync(`${path}.lock`, { recursive: true, force: true });
      writeFileSync(path, torn);
    };
    reset();
    await recover(path);
    const once = readFileSync(path);
    const keptOnce = keptBytes(path);
    expect(keptOnce).toHaveLength(1);

    let steps = 0;
    for (let isCutShort = true; isCutShort; steps += 1) {
      reset();
      removeIndex(path);
      const dying = dyingAfter(steps, tears);
      await tryToRecover(path, dying.fs);
      isCutShort = dying.hasDied();
      await recover(path);
      expect(linesOf(path).slice(0, wholeLines.length), `after step ${steps}`).toEqual(wholeLines);
      expect((await verifyJournal(path)).problems, `after step ${steps}`).toEqual([]);
      if (!tears) expect(readFileSync(path).equals(once), `after step ${steps}`).toBe(true);
      expect(keptBytes(path), `after step ${steps}`).toEqual(expect.arrayContaining(keptOnce));
    }
    // Folder, bytes, rename, cut, event: fewer steps would mean that the test looked past them.
    expect(steps).toBeGreaterThan(6);
  });
});
