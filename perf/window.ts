/** Appends from several processes to one journal, for one and the same stretch of time. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** From the parent to a worker: the journal and the stretch of time, in milliseconds since 1970. */
export type WindowOrder = { readonly open: string } | { readonly startsAt: number; readonly endsAt: number };

const HEAD_START_MS = 100;

/** @returns how many events each process appended within `windowMs`, all of them acknowledged */
export async function appendFromProcesses(path: string, processes: number, windowMs: number): Promise<number[]> {
  const children = Array.from({ length: processes }, () =>
    fork(fileURLToPath(new URL('./workers/window.js', import.meta.url))),
  );
  await Promise.all(children.map((child) => ask(child, { open: path })));
  const startsAt = Date.now() + HEAD_START_MS;
  return Promise.all(children.map((child) => ask(child, { startsAt, endsAt: startsAt + windowMs })));
}

async function ask(child: ChildProcess, order: WindowOrder): Promise<number> {
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`a worker ended early: ${String(code ?? signal)}`);
  });
  const answer = once(child, 'message').then(([count]) => count as number);
  child.send(order);
  return await Promise.race([answer, ended]);
}
