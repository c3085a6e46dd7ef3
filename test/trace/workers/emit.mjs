/**
 * Emits one and the same decision, and prints `{path, event_id}` of each emission as soon as it has it.
 *
 * argv[2], JSON: `decision`; `options` for emitTrace without the key; `privateKey`, a file; `count`, without it on and on
 * until killed.
 */
import { emitTrace, loadPrivateKey, openJournal } from '../../../dist/src/index.js';

const { decision, options, privateKey, count = Infinity } = JSON.parse(process.argv[2]);
const key = loadPrivateKey({ path: privateKey });
const { journal: path, ...rest } = options;
const journal = path === undefined ? undefined : await openJournal(path, { lockTimeoutMs: 60_000 });
const given = journal === undefined ? rest : { ...rest, journal };
for (let done = 0; done < count; done += 1) {
  const { path: file, trace } = await emitTrace(decision, { ...given, key });
  process.stdout.write(`${JSON.stringify({ path: file, event_id: trace.event_id })}\n`);
}
await journal?.close();
