/**
 * Where a soak keeps things: the root under test, and beside it what the swarm knows, which is never in doubt: which session
 * of a lane is written to, who was told what, and the newest note of each session.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initKeys, loadPrivateKey, startSession, type KeyPair } from '../../src/index.js';
import { readAcks, type AckHistory } from './acks.js';

/** Minutes instead of months, so that a soak sees everything go that may go. */
const RETENTION = `retention:
  profile: soak
  profiles:
    soak:
      session:
        max_age: 4s
        min_age: 1s
`;

export class World {
  readonly root: string;
  readonly #control: string;

  /** @param dir a folder that {@link World.create} has filled */
  constructor(dir: string) {
    this.root = join(dir, 'root');
    this.#control = join(dir, 'control');
  }

  /** Keys and the first session of each lane, in an empty folder. */
  static async create(dir: string, lanes: number): Promise<World> {
    const world = new World(dir);
    mkdirSync(world.root);
    for (const folder of ['lanes', 'acks', 'notes']) mkdirSync(join(world.#control, folder), { recursive: true });
    initKeys({ outDir: join(world.#control, 'keys') });
    writeFileSync(world.configPath, RETENTION);
    for (let lane = 0; lane < lanes; lane += 1) await world.startGeneration(lane, 0);
    return world;
  }

  get key(): KeyPair {
    return loadPrivateKey({ path: this.privateKeyPath });
  }

  get privateKeyPath(): string {
    return join(this.#control, 'keys', 'gait_private.key');
  }

  get configPath(): string {
    return join(this.#control, 'config.yaml');
  }

  journalPath(session: string): string {
    return join(this.root, `${session}.jsonl`);
  }

  /** Creates the session and makes it the one that the lane is written to. Only one process does this at a time. */
  async startGeneration(lane: number, generation: number): Promise<void> {
    const session = sessionOf(lane, generation);
    await startSession(this.journalPath(session), { session_id: session, run_id: `soak-${lane}` });
    replaceFile(this.#lanePath(lane), String(generation));
  }

  generation(lane: number): number {
    return Number(readFileSync(this.#lanePath(lane), 'utf8'));
  }

  /** Every session that ever was, oldest first in its lane; some may be pruned. */
  sessions(lanes: number): string[] {
    const all: string[] = [];
    for (let lane = 0; lane < lanes; lane += 1) {
      for (let generation = 0; generation <= this.generation(lane); generation += 1) {
        all.push(sessionOf(lane, generation));
      }
    }
    return all;
  }

  /** The writers that were told something of a session, and what. */
  histories(session: string): Map<number, AckHistory> {
    const folder = join(this.#control, 'acks', session);
    const files = existsSync(folder) ? readdirSync(folder) : [];
    return new Map(files.map((file) => [Number.parseInt(file, 10), readAcks(join(folder, file))]));
  }

  /** What a writer was told of a session. */
  ackPath(session: string, slot: number): string {
    const folder = join(this.#control, 'acks', session);
    mkdirSync(folder, { recursive: true });
    return join(folder, `${slot}.ndjson`);
  }

  /** Only once the checkpoint was acknowledged: from here on the session must contain it. */
  keepNote(session: string, note: string): void {
    replaceFile(this.#notePath(session), note);
  }

  newestNote(session: string): string | undefined {
    const path = this.#notePath(session);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  #lanePath(lane: number): string {
    return join(this.#control, 'lanes', String(lane));
  }

  #notePath(session: string): string {
    return join(this.#control, 'notes', `${session}.note`);
  }
}

export function sessionOf(lane: number, generation: number): string {
  return `lane-${lane}-${generation}`;
}

/** Whole or not at all, also for a process that is killed. */
function replaceFile(path: string, text: string): void {
  const next = `${path}.${process.pid}.next`;
  writeFileSync(next, text);
  renameSync(next, path);
}
