/** Holds a pack to the checkpoint that names it (W22): a validly signed pack of another session proves nothing here. */
import type { PackContent } from './content-check.js';
import type { ManifestRecord } from './manifest.js';
import { checkpointRef, checkpointRunId } from './session-records.js';
import type { RunpackBinding, RunpackProblem } from './types.js';

export function checkBinding(
  expect: RunpackBinding,
  manifest: ManifestRecord,
  content: PackContent,
  report: (problem: RunpackProblem) => void,
): void {
  const compare = (what: string, expected: string | number, found: string | number | undefined): void => {
    if (String(expected) === String(found)) return;
    report({
      kind: 'binding_mismatch',
      expected: `${what} ${expected}`,
      found: `${what} ${found ?? 'none'}`,
      meaning: 'the runpack is not the one that this checkpoint sealed',
    });
  };
  compare('manifest digest', expect.manifestDigest.toLowerCase(), manifest.digest);
  compare('run id', checkpointRunId(expect.runId, expect.checkpointIndex), manifest.runId);
  compare('timeline mark', checkpointRef(expect.checkpointIndex), content.checkpointRefs.join(', '));
  compare('number of events', expect.sequenceEnd - expect.sequenceStart + 1, content.intents);
  if (content.intentsWithArgs === 0) return;
  compare('session id', expect.sessionId, content.sessionId);
  compare('first sequence', expect.sequenceStart, content.firstSequence);
  compare('last sequence', expect.sequenceEnd, content.lastSequence);
}
