/** The commands of the model-based test: what each does to the real thing, and what to the list it is held to. */
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  executePrune,
  openJournal,
  planPrune,
  releaseHold,
  setHold,
  startSession,
  verifyJournal,
  type Journal,
} from '../../src/index.js';
import { replaceFile } from '../../src/journal/store/index.js';
import { codeOf } from './appending.js';
import { goEventLine, IDS, toolCall } from './journal-fixtures.js';
import { ModelDisk } from './model-disk.js';
import { linesOn, optionsOf, PATH } from './power-cuts.js';
import { KEY } from './sealed-session.js';

const LATER = Date.UTC(2026, 6, 1);
const OLD = '/disk/old.jsonl';

function same(found: unknown, wanted: unknown): void {
  expect(found).toEqual(wanted);
}

/** What a journal is, to somebody who only calls it. */
export class Model {
  /** The ids of the events that were acknowledged, in order; a durable one for ever. */
  readonly events: string[] = [];
  /** Of these, how many no crash may take. */
  durable = 0;
  sealed = 0;
  number = 0;
  isHeld = false;
  isOldThere = true;
}

/** The real thing: a disk, and a handle that may be open. */
export class Real {
  disk: ModelDisk;
  journal: Journal | undefined = undefined;
  #isBuffered = false;

  constructor(disk: ModelDisk) {
    this.disk = disk;
  }

  /** As it was at some time before. */
  savedIndex: Buffer | undefined = undefined;

  get isBuffered(): boolean {
    return this.#isBuffered;
  }

  async handle(): Promise<Journal> {
    return (this.journal ??= await openJournal(PATH, {
      ...optionsOf(this.disk),
      durability: this.#isBuffered ? 'buffered' : 'durable',
    }));
  }

  async reopen(isBuffered: boolean): Promise<void> {
    await this.journal?.close();
    this.journal = undefined;
    this.#isBuffered = isBuffered;
  }

  crash(state: ModelDisk): void {
    this.disk = state;
    this.journal = undefined;
  }
}

/** Ids of the events on the disk, as a reader finds them. The engine's own events have none. */
async function idsOn(disk: ModelDisk): Promise<string[]> {
  const found: string[] = [];
  for (const line of await linesOn(disk)) {
    const { event } = JSON.parse(line) as { event?: { correlation_id?: string; tool_name: string } };
    if (event !== undefined && !event.tool_name.startsWith('gait.')) found.push(event.correlation_id ?? 'go');
  }
  return found;
}

abstract class Command implements fc.AsyncCommand<Model, Real> {
  check(_model: Readonly<Model>): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    await this.act(model, real);
    same(await idsOn(real.disk), model.events);
  }

  protected abstract act(model: Model, real: Real): Promise<void>;
  abstract toString(): string;
}

/** One that chooses by a number: the same one makes the same choice again. */
abstract class DrawnCommand extends Command {
  protected readonly draw: number;

  constructor(draw: number) {
    super();
    this.draw = draw;
  }
}

const idsOf = (model: Model, count: number): string[] => Array.from({ length: count }, () => `e${(model.number += 1)}`);

function acknowledged(model: Model, ids: readonly string[], isDurable: boolean): void {
  model.events.push(...ids);
  if (isDurable) model.durable = model.events.length;
}

class Append extends Command {
  readonly #count: number;
  readonly #isTogether: boolean;

  constructor(count: number, isTogether: boolean) {
    super();
    this.#count = count;
    this.#isTogether = isTogether;
  }

  protected async act(model: Model, real: Real): Promise<void> {
    const journal = await real.handle();
    const ids = idsOf(model, this.#count);
    const events = ids.map((id) => toolCall(1, { correlation_id: id }));
    if (this.#isTogether) await Promise.all(events.map((event) => journal.append(event)));
    else await journal.appendAll(events);
    acknowledged(model, ids, !real.isBuffered);
  }

  toString(): string {
    return this.#isTogether ? `${this.#count} appends at once` : `appendAll of ${this.#count}`;
  }
}

class OtherHandle extends Command {
  protected async act(model: Model, real: Real): Promise<void> {
    const other = await openJournal(PATH, optionsOf(real.disk));
    const ids = idsOf(model, 1);
    await other.append(toolCall(2, { correlation_id: ids[0] ?? '' }));
    await other.close();
    acknowledged(model, ids, true);
  }

  toString(): string {
    return 'another handle appends';
  }
}

class GoAppend extends Command {
  protected async act(model: Model, real: Real): Promise<void> {
    const { fs } = real.disk;
    // The Go tool refuses a torn file, so whoever has the handle settles it first.
    const { last_sequence: last } = await (await real.handle()).status();
    const descriptor = fs.open(PATH, 'append');
    fs.write(descriptor, Buffer.from(`${goEventLine(last + 1)}\n`), null);
    fs.sync(descriptor);
    fs.close(descriptor);
    acknowledged(model, ['go'], true);
  }

  toString(): string {
    return 'the Go tool appends';
  }
}

class Again extends Command {
  override check(model: Readonly<Model>): boolean {
    return model.number > 0;
  }

  protected async act(model: Model, real: Real): Promise<void> {
    const key = `key ${model.number}`;
    const id = `e${(model.number += 1)}`;
    const event = toolCall(3, { correlation_id: id, idempotency_key: key });
    const journal = await real.handle();
    const first = await journal.append(event);
    acknowledged(model, [id], !real.isBuffered);
    same(await journal.append(event), first);
    same(await codeOf(journal.append({ ...event, verdict: 'block' })), 'IDEMPOTENCY_CONFLICT');
  }

  toString(): string {
    return 'append, the same again, and another under its key';
  }
}

class Checkpoint extends Command {
  override check(model: Readonly<Model>): boolean {
    return model.events.length > model.sealed;
  }

  protected async act(model: Model, real: Real): Promise<void> {
    await (await real.handle()).checkpoint({ key: KEY });
    model.sealed = model.events.length;
    model.durable = model.events.length;
  }

  toString(): string {
    return 'checkpoint';
  }
}

class Compact extends Command {
  protected async act(_: Model, real: Real): Promise<void> {
    await (await real.handle()).compact();
  }

  toString(): string {
    return 'compact';
  }
}

class Reopen extends Command {
  readonly #isBuffered: boolean;

  constructor(isBuffered: boolean) {
    super();
    this.#isBuffered = isBuffered;
  }

  protected async act(model: Model, real: Real): Promise<void> {
    await real.reopen(this.#isBuffered);
    model.durable = model.events.length;
  }

  toString(): string {
    return `reopen, ${this.#isBuffered ? 'buffered' : 'durable'}`;
  }
}

class LoseIndex extends Command {
  protected act(_: Model, real: Real): Promise<void> {
    const index = `${PATH}.gait/index`;
    if (real.disk.fs.lstat(index) !== undefined) real.disk.fs.unlink(index);
    return Promise.resolve();
  }

  toString(): string {
    return 'lose the index';
  }
}

/** A backup that is put back, or a copy that outlived lines which a crash took: the index is a cache, and is not believed. */
class OldIndex extends Command {
  protected async act(model: Model, real: Real): Promise<void> {
    await real.reopen(real.isBuffered);
    model.durable = model.events.length;
    const index = `${PATH}.gait/index`;
    const { fs } = real.disk;
    if (real.savedIndex !== undefined) replaceFile(fs, index, real.savedIndex, { durable: false, nonce: 'old' });
    real.savedIndex = real.disk.files().get(index);
  }

  toString(): string {
    return 'put back the index of the last time';
  }
}

/** The power goes; one of the states that the disk may be in is drawn. */
class Crash extends DrawnCommand {
  protected async act(model: Model, real: Real): Promise<void> {
    const states = real.disk.crashStates(true);
    const state = states[this.draw % states.length];
    if (state === undefined) return;
    real.crash(state.disk);
    await real.handle().then((journal) => journal.append(toolCall(9, { correlation_id: `after ${model.number}` })));
    const found = await idsOn(real.disk);
    const kept = found.length - 1;
    same(found.at(-1), `after ${model.number}`);
    same(kept >= model.durable, true);
    same(found.slice(0, -1), model.events.slice(0, kept));
    model.events.splice(0, model.events.length, ...found);
    model.durable = real.isBuffered ? kept : found.length;
    model.sealed = Math.min(model.sealed, kept);
  }

  toString(): string {
    return `crash (${this.draw})`;
  }
}

/** One byte of the log is changed for a moment: seen by the verifier, whatever it is. */
class Tamper extends DrawnCommand {
  override check(model: Readonly<Model>): boolean {
    return model.sealed > 0;
  }

  protected async act(_: Model, real: Real): Promise<void> {
    const copy = real.disk.copy();
    const bytes = Buffer.from(copy.files().get(PATH) ?? []);
    const lastSeal = bytes.lastIndexOf('{"checkpoint":');
    const at = this.draw % lastSeal;
    const descriptor = copy.fs.open(PATH, 'update');
    copy.fs.write(descriptor, Buffer.from([(bytes[at] ?? 0) ^ (1 << (this.draw % 7))]), at);
    copy.fs.close(descriptor);
    const { ok } = await verifyJournal(PATH, { fileSystem: copy.fs, publicKeys: [KEY.publicKey] });
    same(ok, false);
  }

  toString(): string {
    return `change one byte of a copy (${this.draw})`;
  }
}

/**
 * In a copy, the last line of an unsealed tail gets another `prev`: no signature covers it, no later line contradicts it, so
 * that nothing but the link itself can tell. Neither the verifier nor the next writer may take it.
 */
class WrongPrev extends DrawnCommand {
  protected async act(_: Model, real: Real): Promise<void> {
    const copy = real.disk.copy();
    const journal = await openJournal(PATH, optionsOf(copy));
    await journal.append(toolCall(8));
    await journal.close();
    const before = copy.files().get(PATH) ?? Buffer.alloc(0);
    const at = before.lastIndexOf('"prev":"') + '"prev":"'.length + (this.draw % 64);
    const descriptor = copy.fs.open(PATH, 'update');
    copy.fs.write(descriptor, Buffer.from(before[at] === 0x30 ? '1' : '0'), at);
    copy.fs.close(descriptor);
    if (this.draw % 2 === 0) copy.fs.unlink(`${PATH}.gait/index`);
    const spoilt = copy.files().get(PATH);
    const { ok } = await verifyJournal(PATH, { fileSystem: copy.fs, publicKeys: [KEY.publicKey] });
    same(ok, false);
    const next = openJournal(PATH, optionsOf(copy)).then((opened) => opened.append(toolCall(9)));
    same([await codeOf(next), copy.files().get(PATH)], ['JOURNAL_CORRUPT', spoilt]);
  }

  toString(): string {
    return `a wrong prev in the last line of a copy (${this.draw})`;
  }
}

const hold = { sessionId: 'old', reason: 'case 12', actor: 'counsel' };

class Hold extends Command {
  protected async act(model: Model, real: Real): Promise<void> {
    const options = { ...optionsOf(real.disk), key: KEY, clock: () => LATER };
    if (model.isHeld) await releaseHold('/disk', hold, options);
    else await setHold('/disk', hold, options);
    model.isHeld = !model.isHeld;
  }

  toString(): string {
    return 'hold the old session, or release it';
  }
}

class Prune extends Command {
  protected async act(model: Model, real: Real): Promise<void> {
    const { lockLayers, ...plain } = { ...optionsOf(real.disk), clock: () => LATER };
    const policy = { ...plain, profile: 'short', session: 'old' };
    const { session: _session, ...choice } = policy;
    const plan = await planPrune('/disk', choice);
    const goes = plan.items.some(
      ({ path, action, unit }) => path === 'old.jsonl' && action === 'delete' && unit === 'session',
    );
    same(goes, model.isOldThere && !model.isHeld);
    // The live session may lose old segments to it: it is given back afterwards, so that the list stays what it is.
    const live = plan.items.some(({ path, action }) => path.startsWith('s1') && action === 'delete');
    if (live || !goes) return;
    await executePrune(plan, {
      ...choice,
      ...(lockLayers === undefined ? {} : { lockLayers }),
      root: '/disk',
      key: KEY,
    });
    model.isOldThere = false;
    same(real.disk.fs.lstat(OLD), undefined);
  }

  toString(): string {
    return 'prune';
  }
}

const small = fc.integer({ min: 1, max: 4 });
const draw = fc.nat({ max: 100_000 });

export const COMMANDS: fc.Arbitrary<Command>[] = [
  fc.tuple(small, fc.boolean()).map(([count, isTogether]) => new Append(count, isTogether)),
  fc.tuple(small, fc.boolean()).map(([count, isTogether]) => new Append(count, isTogether)),
  fc.constant(new OtherHandle()),
  fc.constant(new GoAppend()),
  fc.constant(new Again()),
  fc.constant(new Checkpoint()),
  fc.constant(new Compact()),
  fc.boolean().map((isBuffered) => new Reopen(isBuffered)),
  fc.constant(new LoseIndex()),
  fc.constant(new OldIndex()),
  fc.constant(new OldIndex()),
  draw.map((number) => new Crash(number)),
  draw.map((number) => new Crash(number)),
  draw.map((number) => new Tamper(number)),
  draw.map((number) => new WrongPrev(number)),
  fc.constant(new Hold()),
  fc.constant(new Prune()),
];

/** A root with an old, closed session, and a live one. */
export async function newDisk(): Promise<ModelDisk> {
  const disk = new ModelDisk();
  disk.fs.mkdirs('/disk', 0o750);
  for (const path of [OLD, PATH]) {
    await startSession(path, path === OLD ? { session_id: 'old', run_id: 'r' } : IDS, optionsOf(disk));
  }
  const old = await openJournal(OLD, optionsOf(disk));
  await old.append(toolCall(1));
  await old.complete({ key: KEY });
  await old.close();
  return disk.copy();
}
