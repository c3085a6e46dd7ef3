/** A sealed session with everything that travels beside a journal, and the evidence that the Go tool wrote. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal, proveConsistency, proveInclusion, startSession, type CheckpointResult } from '../../src/index.js';
import { keyPairFromSeed, type KeyPair } from '../../src/sign/index.js';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';

export const signer: KeyPair = keyPairFromSeed(Buffer.alloc(32, 7));
export const stranger: KeyPair = keyPairFromSeed(Buffer.alloc(32, 8));

const goVectors = join(repositoryRoot, 'test', 'vectors', 'gait-go');

export interface Evidence {
  readonly journal: string;
  readonly checkpoint: CheckpointResult;
  readonly runpack: string;
  readonly chain: string;
  readonly note: string;
  readonly inclusionProof: string;
  readonly consistencyProof: string;
}

export async function writeEvidence(): Promise<Evidence> {
  const folder = tempDir();
  const journal = join(folder, 's1.jsonl');
  const [runpack, note] = [join(folder, 'cp1.zip'), join(folder, 's1.note')];
  await startSession(journal, { session_id: 's1', run_id: 'run_1' });
  const handle = await openJournal(journal);
  await handle.append({ tool_name: 'fs.write', verdict: 'allow' });
  await handle.append({ tool_name: 'sh.run', verdict: 'block' });
  const checkpoint = await handle.checkpoint({ key: signer, out: runpack, noteOut: note });
  await handle.close();

  const inclusionProof = join(folder, 'event2.proof');
  writeFileSync(inclusionProof, (await proveInclusion(journal, 2)).text);
  const consistencyProof = join(folder, 'from2.json');
  writeFileSync(consistencyProof, (await proveConsistency(journal, 2)).text);
  const chain = checkpoint.chain_path ?? '';
  return { journal, checkpoint, runpack, chain, note, inclusionProof, consistencyProof };
}

/** Files of the Go tool whose names fit, by their path. */
export function goFiles(name: RegExp): string[] {
  return readdirSync(goVectors, { recursive: true, encoding: 'utf8' })
    .filter((file) => name.test(file))
    .map((file) => join(goVectors, file))
    .toSorted();
}
