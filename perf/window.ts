/** Appends from several processes to one journal, for one and the same stretch of time. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** From the parent to a worker: the journal and the stretch of time, in milliseconds since 1970. */
export type WindowOrder = { readonly open: string } | { readonly startsAt: number; readonly endsAt: number };

/** What one process did in the window: how long each of its appends took, from the call to the receipt. */
export interface WindowShare {
  readonly latenciesMs: readonly number[];
}

const HEAD_START_MS = 100;

/** @returns what each process appended within `windowMs`, all of it acknowledged */
export async function appendFromProcesses(path: string, processes: number, windowMs: number): Promise<WindowShare[]> {
  const children = Array.from({ length: processes }, () =>
    fork(fileURLToPath(new URL('./workers/window.js', import.meta.url))),
  );
  await Promise.all(children.map((child) => ask(child, { open: path })));
  const startsAt = Date.now() + HEAD_START_MS;
  return Promise.all(children.map((child) => ask(child, { startsAt, endsAt: startsAt + windowMs })));
}

async function ask(child: ChildProcess, order: WindowOrder): Promise<WindowShare> {
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`a worker ended early: ${String(code ?? signal)}`);
  });
  const answer = once(child, 'message').then(([share]) => share as WindowShare);
  child.send(order);
  return await Promise.race([answer, ended]);
}
