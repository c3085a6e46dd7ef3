/** A file system that dies after so many changes, with or without the power: then what no sync made durable is undone. */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileSystem } from '../../src/index.js';
import { FaultFileSystem, type FileOperation } from '../support/fault-file-system.js';

const CHANGES: readonly FileOperation[] = ['write', 'truncate', 'rename', 'link', 'unlink', 'mkdir', 'mkdirs', 'rmdir'];

export class DeadError extends Error {}

/** A change of a directory that a power cut may undo. */
interface Pending {
  /** Each has to be synced before the change is sure. */
  readonly folders: Set<string>;
  /** What is changed; once a folder is gone for sure, nothing comes back in it. */
  readonly path: string;
  readonly isRemoval: boolean;
  readonly undo: () => void;
}

export class DyingFileSystem {
  readonly fs: FileSystem;
  hasDied = false;
  readonly #graveyard: string;
  readonly #pending: Pending[] = [];
  #buried = 0;
  #left: number;

  /** @param graveyard an empty folder on the same disk, where unlinked files wait for a power cut to bring them back */
  constructor(steps: number, graveyard: string) {
    const faults = new FaultFileSystem();
    this.#left = steps;
    this.#graveyard = graveyard;
    this.fs = faults.fs;
    faults.intercept = ({ operation, args }, proceed) => {
      const isChange = CHANGES.includes(operation) || (operation === 'open' && args[1] === 'create');
      if (this.hasDied || (isChange && this.#left <= 0)) {
        this.hasDied = true;
        // A process that is gone closes what it had open; nothing else of it happens.
        if (operation === 'close') return proceed();
        throw new DeadError();
      }
      if (!isChange) return operation === 'syncDirectory' ? this.#synced(String(args[0])) : proceed();
      this.#left -= 1;
      return this.#change(operation, args.map(String), proceed);
    };
  }

  /** What was not synced never happened, the newest first. */
  cutPower(): void {
    for (const { undo } of this.#pending.reverse()) undo();
  }

  #synced(folder: string): void {
    for (const { folders } of this.#pending) folders.delete(folder);
    const sure = this.#pending.filter(({ folders }) => folders.size === 0);
    const gone = sure.filter(({ isRemoval }) => isRemoval).map(({ path }) => `${path}/`);
    const open = this.#pending.filter(
      ({ folders, path }) => folders.size > 0 && !gone.some((removed) => path.startsWith(removed)),
    );
    this.#pending.splice(0, this.#pending.length, ...open);
  }

  #change(operation: FileOperation, [path = '', to = '']: readonly string[], proceed: () => unknown): unknown {
    if (operation === 'unlink') {
      const grave = join(this.#graveyard, String((this.#buried += 1)));
      renameSync(path, grave);
      this.#note([dirname(path)], path, () => renameSync(grave, path));
      return undefined;
    }
    const result = proceed();
    if (operation === 'rename') {
      // What it replaced is lost: only files that are made anew anyway are replaced here.
      this.#note([dirname(path), dirname(to)], path, () => renameSync(to, path));
    } else if (operation === 'mkdir') {
      this.#note([dirname(path)], path, () => rmSync(path, { recursive: true, force: true }));
    } else if (operation === 'rmdir') {
      this.#note([dirname(path)], path, () => mkdirSync(path), true);
    }
    return result;
  }

  #note(folders: readonly string[], path: string, undo: () => void, isRemoval = false): void {
    this.#pending.push({ folders: new Set(folders), path, undo, isRemoval });
  }
}
