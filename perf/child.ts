/** Work in a process of its own, so that the memory seen is that work's alone. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Starts the worker, sends it its order and waits for its one answer.
 *
 * @throws Error when the process ends without an answer
 */
export async function askChild<Answer>(worker: URL, order: object): Promise<Answer> {
  const child = fork(fileURLToPath(worker));
  return new Promise<Answer>((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as Answer));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`${worker.pathname} ${JSON.stringify(order)} ended early: ${code ?? signal}`)),
    );
    child.send(order);
  });
}
