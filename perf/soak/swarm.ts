/** Runs the processes of a schedule, does to them what it says, and watches. */
import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Histogram } from './histogram.js';
import { derivedSeed } from './random.js';
import type { WorkerOrder, WorkerWindow } from './role-context.js';
import { diskBytes, processFacts } from './sampling.js';
import type { Fault, Role, Schedule } from './schedule.js';
import type { World } from './world.js';

/** What the swarm looked like at one moment. */
export interface Sample {
  readonly seconds: number;
  /** Of the appends acknowledged since the last sample; null when there were none. */
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
  readonly appends: number;
  /** Of the process that has most; null when none could be looked at. */
  readonly max_resident_bytes: number | null;
  readonly max_descriptors: number | null;
  readonly disk_bytes: number;
}

export interface SwarmResult {
  readonly samples: readonly Sample[];
  readonly tally: Readonly<Record<string, number>>;
  readonly latencies: Histogram;
  /** What processes of the swarm died of, or how they would not end; empty when all is well. */
  readonly failures: readonly string[];
}

const SAMPLES = 300;
const MIN_SAMPLE_MS = 1_000;
/** A process that was asked to stop and has not by then is wedged. */
const STOP_TIMEOUT_MS = 60_000;

export class Swarm {
  readonly #dir: string;
  readonly #world: World;
  readonly #schedule: Schedule;
  readonly #slots: Slot[];
  readonly #tally: Record<string, number> = {};
  readonly #window = new Histogram();
  readonly #latencies = new Histogram();
  readonly #samples: Sample[] = [];
  readonly #failures: string[] = [];
  readonly #failed = new AbortController();

  /** @param dir the folder that the world lies in */
  constructor(dir: string, world: World, schedule: Schedule) {
    this.#dir = dir;
    this.#world = world;
    this.#schedule = schedule;
    this.#slots = schedule.roles.map((role, slot) => new Slot(role, slot));
  }

  /** Until the schedule is over, or something fails. */
  async run(): Promise<SwarmResult> {
    const startedAt = performance.now();
    // Nobody would wake a stopped process any more.
    const killAll = (): void => this.#slots.forEach(({ child }) => child?.kill('SIGKILL'));
    process.once('exit', killAll);
    process.once('SIGINT', exitInterrupted);
    process.once('SIGTERM', exitInterrupted);
    for (const slot of this.#slots) this.#start(slot);
    const sampling = this.#sample(startedAt);
    for (const fault of this.#schedule.faults) {
      await this.#sleepUntil(startedAt + fault.atMs);
      if (this.#failed.signal.aborted) break;
      this.#inflict(fault);
    }
    await this.#sleepUntil(startedAt + this.#schedule.durationMs);
    await Promise.all(this.#slots.map((slot) => this.#end(slot)));
    this.#failed.abort();
    await sampling;
    process.off('exit', killAll).off('SIGINT', exitInterrupted).off('SIGTERM', exitInterrupted);
    return {
      samples: this.#samples,
      tally: this.#tally,
      latencies: this.#latencies,
      failures: this.#failures,
    };
  }

  #start(slot: Slot): void {
    const { role, index } = slot;
    const { seed, lanes } = this.#schedule;
    slot.incarnation += 1;
    const order: WorkerOrder = {
      dir: this.#dir,
      role,
      slot: index,
      lanes,
      seed: derivedSeed(seed, 2, slot.incarnation),
    };
    const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [JSON.stringify(order)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    slot.child = child;
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('message', (message) => this.#take(message as WorkerWindow));
    child.on('close', (code, signal) => {
      if (slot.child === child) slot.child = undefined;
      if (code === 0 || signal === 'SIGKILL') return;
      this.#fail(`slot ${index} (${role}) died of ${signal ?? `exit code ${code}`}: ${stderr.trim()}`);
    });
    child.on('error', (error) => this.#fail(`slot ${index} (${role}): ${error.message}`));
  }

  #fail(what: string): void {
    this.#failures.push(what);
    this.#failed.abort();
  }

  #inflict(fault: Fault): void {
    const slot = this.#slots[fault.slot];
    const child = slot?.child;
    if (slot === undefined || child === undefined) return;
    if (fault.kind === 'kill') {
      this.#count('kills');
      child.kill('SIGKILL');
      slot.child = undefined;
      slot.restart = setTimeout(() => this.#start(slot), fault.restartAfterMs);
      return;
    }
    this.#count('stops');
    child.kill('SIGSTOP');
    setTimeout(() => child.kill('SIGCONT'), fault.forMs).unref();
  }

  /** Asks the process to stop, and waits. */
  async #end(slot: Slot): Promise<void> {
    clearTimeout(slot.restart);
    const { child } = slot;
    if (child === undefined) return;
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill('SIGCONT');
    if (child.connected) child.send('stop');
    const late = AbortSignal.timeout(STOP_TIMEOUT_MS);
    const timedOut = sleep(STOP_TIMEOUT_MS, 'late', { ref: false, signal: late }).catch(() => 'late');
    if ((await Promise.race([closed, timedOut])) !== 'late') return;
    this.#fail(`slot ${slot.index} (${slot.role}) did not stop within ${STOP_TIMEOUT_MS} ms`);
    child.kill('SIGKILL');
    await closed;
  }

  #take({ latencies, tally }: WorkerWindow): void {
    this.#window.addAll(latencies);
    this.#latencies.addAll(latencies);
    for (const [what, times] of Object.entries(tally)) this.#count(what, times);
  }

  #count(what: string, times = 1): void {
    this.#tally[what] = (this.#tally[what] ?? 0) + times;
  }

  async #sample(startedAt: number): Promise<void> {
    const everyMs = Math.max(MIN_SAMPLE_MS, this.#schedule.durationMs / SAMPLES);
    for (let next = startedAt + everyMs; !this.#failed.signal.aborted; next += everyMs) {
      await this.#sleepUntil(next);
      const facts = this.#slots.flatMap(({ child }) => (child?.pid === undefined ? [] : processFacts(child.pid)));
      const [p50, p99, max] = [0.5, 0.99, 1].map((q) => finite(this.#window.quantile(q)));
      this.#samples.push({
        seconds: (performance.now() - startedAt) / 1000,
        p50_ms: p50 ?? null,
        p99_ms: p99 ?? null,
        max_ms: max ?? null,
        appends: this.#window.total,
        max_resident_bytes: largest(facts.map(({ residentBytes }) => residentBytes)),
        max_descriptors: largest(facts.map(({ descriptors }) => descriptors)),
        disk_bytes: diskBytes(this.#world.root),
      });
      this.#window.take();
    }
  }

  /** Sooner when something has failed. */
  async #sleepUntil(time: number): Promise<void> {
    const ms = time - performance.now();
    if (ms <= 0) return;
    await sleep(ms, undefined, { signal: this.#failed.signal }).catch(() => undefined);
  }
}

class Slot {
  readonly role: Role;
  readonly index: number;
  child: ChildProcess | undefined;
  incarnation = 0;
  restart: NodeJS.Timeout | undefined;

  constructor(role: Role, index: number) {
    this.role = role;
    this.index = index;
  }
}

function exitInterrupted(): never {
  process.exit(130);
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
