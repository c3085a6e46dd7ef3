/**
 * What a user would pick instead of gait, and what of it is installed. None of it keeps the promises of a journal: the
 * table of docs/performance.md says which are missing where.
 */
import { createRequire } from 'node:module';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { peersDir } from './paths.js';

/** Appends lines, one call a line or many; opened on a path that nothing has yet. */
export interface Peer {
  append(line: string): void | Promise<void>;
  /** As many lines as one call, or one transaction, can take. */
  appendAll(lines: readonly string[]): void | Promise<void>;
  close(): void | Promise<void>;
}

export type OpenPeer = (path: string) => Promise<Peer>;

/** The parts of better-sqlite3 that are used here. */
export interface SqliteDatabase {
  pragma(text: string): unknown;
  exec(text: string): void;
  prepare(text: string): { run(...values: unknown[]): unknown; get(...values: unknown[]): unknown };
  transaction<T extends unknown[]>(work: (...args: T) => void): (...args: T) => void;
  close(): void;
}

interface SonicBoom {
  write(text: string): boolean;
  end(): void;
  once(event: 'ready' | 'close' | 'drain', listener: () => void): void;
}

type Pino = (options: object, stream: SonicBoom) => { info(fields: object): void };

interface Hypercore {
  ready(): Promise<void>;
  append(block: Buffer | readonly Buffer[]): Promise<unknown>;
  close(): Promise<void>;
}

const manifest = join(peersDir, 'package.json');

/** The packages of perf/peers: named one by one, so that what a module loads can be read in it. */
const PACKAGES = {
  'better-sqlite3': () => createRequire(manifest)('better-sqlite3') as Sqlite,
  hypercore: () => createRequire(manifest)('hypercore') as new (path: string) => Hypercore,
  pino: () => createRequire(manifest)('pino') as Pino,
  'sonic-boom': () =>
    createRequire(manifest)('sonic-boom') as { readonly SonicBoom: new (options: object) => SonicBoom },
} as const;

/** Undefined, with the reason noted, when it is not there or cannot be loaded. */
function load<N extends keyof typeof PACKAGES>(name: N): ReturnType<(typeof PACKAGES)[N]> | undefined {
  try {
    return PACKAGES[name]() as ReturnType<(typeof PACKAGES)[N]>;
  } catch (error) {
    missing.set(name, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    return undefined;
  }
}

const missing = new Map<string, string>();

/** Packages that could not be loaded so far, and why. */
export function missingPeers(): Record<string, string> {
  return Object.fromEntries(missing);
}

type Sqlite = new (path: string) => SqliteDatabase;

/** An SQLite journal of lines as better-sqlite3's own documentation advises: WAL. Undefined when it is not installed. */
export function openSqlite(path: string, synchronous: 'FULL' | 'NORMAL'): SqliteDatabase | undefined {
  const Database = load('better-sqlite3');
  if (Database === undefined) return undefined;
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.pragma(`synchronous = ${synchronous}`);
  database.exec('CREATE TABLE IF NOT EXISTS lines (sequence INTEGER PRIMARY KEY, line TEXT NOT NULL)');
  return database;
}

function sqlitePeer(synchronous: 'FULL' | 'NORMAL'): OpenPeer | undefined {
  if (load('better-sqlite3') === undefined) return undefined;
  return async (path) => {
    const database = openSqlite(path, synchronous);
    if (database === undefined) throw new Error('better-sqlite3 went away');
    const insert = database.prepare('INSERT INTO lines (line) VALUES (?)');
    const insertAll = database.transaction((lines: readonly string[]) => {
      for (const line of lines) insert.run(line);
    });
    return {
      append: (line) => void insert.run(line),
      appendAll: (lines) => insertAll(lines),
      close: () => database.close(),
    };
  };
}

/** pino hands its lines to sonic-boom. Here the line exists already, so that only the writing is compared. */
function pinoPeer(): OpenPeer | undefined {
  const pino = load('pino');
  const sonicBoom = load('sonic-boom');
  if (pino === undefined || sonicBoom === undefined) return undefined;
  return async (path) => {
    const stream = new sonicBoom.SonicBoom({ dest: path, sync: true });
    const logger = pino({ base: null, timestamp: false }, stream);
    const log = (line: string): void => logger.info({ line });
    return {
      append: log,
      appendAll: (lines) => lines.forEach(log),
      close: () =>
        new Promise<void>((resolve) => {
          stream.once('close', resolve);
          stream.end();
        }),
    };
  };
}

function appendFilePeer(): OpenPeer {
  return async (path) => ({
    append: (line) => appendFile(path, `${line}\n`),
    appendAll: (lines) => appendFile(path, `${lines.join('\n')}\n`),
    close: () => undefined,
  });
}

function hypercorePeer(): OpenPeer | undefined {
  const Core = load('hypercore');
  if (Core === undefined) return undefined;
  return async (path) => {
    const core = new Core(path);
    await core.ready();
    return {
      append: async (line) => void (await core.append(Buffer.from(line))),
      appendAll: async (lines) => void (await core.append(lines.map((line) => Buffer.from(line)))),
      close: () => core.close(),
    };
  };
}

/** Every peer that is installed, by the name that results and budgets give it. */
export function installedPeers(): Readonly<Record<string, OpenPeer>> {
  const all: Readonly<Record<PeerName, OpenPeer | undefined>> = {
    'better-sqlite3 FULL': sqlitePeer('FULL'),
    'better-sqlite3 NORMAL': sqlitePeer('NORMAL'),
    'pino + sonic-boom': pinoPeer(),
    'fs.appendFile': appendFilePeer(),
    hypercore: hypercorePeer(),
  };
  return Object.fromEntries(Object.entries(all).flatMap(([name, open]) => (open === undefined ? [] : [[name, open]])));
}

export type PeerName =
  'better-sqlite3 FULL' | 'better-sqlite3 NORMAL' | 'pino + sonic-boom' | 'fs.appendFile' | 'hypercore';
