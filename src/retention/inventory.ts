/** What there is under a root, for the plan. Reads, follows no link, takes no lock, changes nothing. */
import { relative, sep } from 'node:path';
import { cleanFolder, ioError, resolveWorld, type Environment } from '../journal/index.js';
import { readFileItem } from './inventory-file.js';
import { sessionOf, type InspectedSession } from './inventory-session.js';
import { walkRoot, type WalkEntry } from './inventory-walk.js';
import type { Inventory, InventoryItem } from './types.js';

export interface InventoryOptions extends Environment {
  /** Whether to read which payloads a session has, by the profile that it names: only rules about payloads need to know. */
  readonly wantsPayloads?: (ownProfile: string | undefined) => boolean;
  readonly signal?: AbortSignal;
}

/** Something that is not looked into. It is kept. */
export interface InventoryNote {
  readonly path: string;
  readonly meaning: string;
}

export interface RootInventory {
  /** The root with links resolved: the paths of all items are relative to it. */
  readonly root: string;
  readonly inventory: Inventory;
  /** By the path of the item. */
  readonly sessions: ReadonlyMap<string, InspectedSession>;
  /** Ids of the decisions that traces are about, by the path of the item. */
  readonly traceIds: ReadonlyMap<string, string>;
  /** Every ledger, that of the root first. */
  readonly ledgers: readonly string[];
  /** Chains whose journal is not beside them: what they list is referred to. */
  readonly chains: readonly string[];
  readonly notes: readonly InventoryNote[];
  /** Files of no known kind. */
  readonly unknownFiles: number;
}

const NOTES: Readonly<Partial<Record<WalkEntry['type'], string>>> = {
  link: 'a link: not followed, and kept',
  other: 'neither a file nor a folder: kept',
  foreign: 'on another file system: not looked into, and kept',
};

/**
 * References between the items are not read; see references.ts.
 *
 * @throws GaitError FILE_NOT_FOUND, INVALID_PATH, INVALID_ARGUMENT for what is no folder, IO_ERROR
 */
export async function takeInventory(root: string, options: InventoryOptions = {}): Promise<RootInventory> {
  const { wantsPayloads = () => false, signal, ...environment } = options;
  const { fs } = resolveWorld(environment);
  const items: InventoryItem[] = [];
  const sessions = new Map<string, InspectedSession>();
  const ledgers: string[] = [];
  const chains: string[] = [];
  const notes: InventoryNote[] = [];
  const traceIds = new Map<string, string>();
  let unknownFiles = 0;
  const real = realRoot(root, environment);
  for (const entry of walkRoot(real, environment)) {
    signal?.throwIfAborted();
    const note = NOTES[entry.type];
    if (note !== undefined) {
      notes.push({ path: entry.name, meaning: note });
    } else if (entry.type === 'ledger') {
      ledgers.push(entry.path);
    } else if (entry.type === 'journal') {
      const session = await sessionOf(entry, wantsPayloads, environment);
      if (session === undefined) unknownFiles += 1;
      else {
        items.push(session.item);
        sessions.set(entry.name, session);
      }
    } else {
      const found = await readFileItem(fs, entry);
      if (found === 'chain') chains.push(entry.path);
      else if (found === 'unknown') unknownFiles += 1;
      else {
        items.push(found.item);
        if (found.traceId !== undefined) traceIds.set(found.item.path, found.traceId);
      }
    }
  }
  const inventory = { items: items.toSorted((a, b) => (a.path < b.path ? -1 : 1)) };
  return { root: real, inventory, sessions, traceIds, ledgers, chains, notes, unknownFiles };
}

/** A path below the root as items have it. */
export function itemPath(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

/** The root with links resolved. Throws FILE_NOT_FOUND as the walk does later; IO_ERROR. */
export function realRoot(root: string, environment: Environment): string {
  const { fs } = resolveWorld(environment);
  const folder = cleanFolder(root);
  try {
    // A root that is not there is told by the walk.
    return fs.lstat(folder) === undefined ? folder : fs.realPath(folder);
  } catch (error) {
    throw ioError(error, 'open', folder);
  }
}
