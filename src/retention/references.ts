/**
 * What refers to the files under a root: events name traces, checkpoints and chains name runpacks. A name that could mean a
 * file does: what is kept once too often harms nobody.
 */
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { isGaitError } from '../errors.js';
import { ioError, readJournal, readWhole, resolveWorld, type Environment, type FileSystem } from '../journal/index.js';
import { parseJson } from '../sign/index.js';
import { itemPath, type RootInventory } from './inventory.js';
import type { FileItem } from './types.js';

/** Longest chain of a stranger that is read. */
const MAX_CHAIN_BYTES = 64 * 1024 * 1024;

/**
 * Reads every journal and says of each file what refers to it. Worth it only when one of them may go.
 *
 * Throws IO_ERROR. A journal that cannot be read to its end counts with what could be read; it is kept in any case.
 */
export async function addReferences(found: RootInventory, environment: Environment): Promise<RootInventory> {
  const { fs } = resolveWorld(environment);
  const finder = new Finder(fs, found);
  for (const [path, { item, inspection }] of found.sessions) {
    const journal = inspection?.path ?? join(found.root, path);
    await readReferences(journal, environment, (named, label) => {
      finder.note(named, dirname(journal), `${label} of ${item.sessionId === '' ? path : item.sessionId}`, path);
    });
  }
  for (const chain of found.chains) {
    for (const [index, pack] of packsOfChain(fs, chain).entries()) {
      finder.note(
        { path: pack },
        dirname(chain),
        `checkpoint ${index + 1} of ${itemPath(found.root, chain)}`,
        undefined,
      );
    }
  }
  const items = found.inventory.items.map((item) => (item.kind === 'session' ? item : finder.complete(item)));
  return { ...found, inventory: { items } };
}

interface Named {
  readonly path?: string;
  readonly traceId?: string;
}

async function readReferences(
  journal: string,
  environment: Environment,
  note: (named: Named, label: string) => void,
): Promise<void> {
  try {
    for await (const line of readJournal(journal, environment)) {
      if (line.recordType === 'event') {
        const { trace_path: path, trace_id: traceId, sequence } = line.event;
        const named = { ...(path === undefined ? {} : { path }), ...(traceId === undefined ? {} : { traceId }) };
        if (path !== undefined || traceId !== undefined) note(named, `event ${sequence}`);
      } else if (line.recordType === 'checkpoint' && line.checkpoint.runpack_path !== '') {
        note({ path: line.checkpoint.runpack_path }, `checkpoint ${line.checkpoint.checkpoint_index}`);
      }
    }
  } catch (error) {
    if (!isGaitError(error) || error.category === 'io_failure') throw error;
  }
}

interface Mention {
  readonly label: string;
  readonly session: string | undefined;
}

/** Finds the items that a name may mean. */
class Finder {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #byPath = new Map<string, string>();
  readonly #byBase = new Map<string, string[]>();
  readonly #byTraceId = new Map<string, string[]>();
  readonly #mentions = new Map<string, Mention[]>();

  constructor(fs: FileSystem, { root, inventory, traceIds }: RootInventory) {
    this.#fs = fs;
    this.#root = root;
    for (const item of inventory.items) {
      if (item.kind === 'session') continue;
      this.#byPath.set(join(root, item.path), item.path);
      add(this.#byBase, basename(item.path), item.path);
      const traceId = traceIds.get(item.path);
      if (traceId !== undefined) add(this.#byTraceId, traceId, item.path);
    }
  }

  /** @param session path of the session's item; undefined for a chain without its journal */
  note({ path, traceId }: Named, folder: string, label: string, session: string | undefined): void {
    const meant = new Set(traceId === undefined ? [] : this.#byTraceId.get(traceId));
    if (path !== undefined) for (const item of this.#pathsOf(path, folder)) meant.add(item);
    for (const item of meant) add(this.#mentions, item, { label, session });
  }

  complete(item: FileItem): FileItem {
    const mentions = this.#mentions.get(item.path) ?? [];
    // One that no session makes can never be gone: the empty path is no session's.
    const sessions = new Set(mentions.map(({ session }) => session ?? ''));
    return {
      ...item,
      referencedBy: [...new Set(mentions.map(({ label }) => label))],
      referencedBySessions: [...sessions].toSorted(),
    };
  }

  /** As written, below the working directory, the folder of what names it, and the root; else by base name anywhere. */
  #pathsOf(path: string, folder: string): readonly string[] {
    const candidates = isAbsolute(path) ? [path] : [resolve(path), join(folder, path), join(this.#root, path)];
    const exact = candidates.flatMap((candidate) => this.#byPath.get(this.#real(candidate)) ?? []);
    return exact.length > 0 ? exact : (this.#byBase.get(basename(path)) ?? []);
  }

  /** Folders may be reached through links. */
  #real(path: string): string {
    try {
      return join(this.#fs.realPath(dirname(path)), basename(path));
    } catch {
      // No such folder: then it is no name of anything under the root either.
      return path;
    }
  }
}

function add<V>(map: Map<string, V[]>, key: string, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

/** Runpack paths that a chain lists. Throws IO_ERROR. */
function packsOfChain(fs: FileSystem, path: string): string[] {
  try {
    const text = readWhole(fs, path, MAX_CHAIN_BYTES).toString('utf8');
    const { checkpoints } = parseJson(text) as { readonly checkpoints?: readonly { runpack_path?: unknown }[] };
    if (!Array.isArray(checkpoints)) return [];
    return checkpoints.map(({ runpack_path: pack }) => (typeof pack === 'string' ? pack : ''));
  } catch (error) {
    // What cannot be read may name a pack that has to stay.
    if (error instanceof SyntaxError || (isGaitError(error) && error.category !== 'io_failure')) return [];
    throw ioError(error, 'read chain', path);
  }
}
