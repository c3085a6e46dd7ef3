import { GaitError } from '../../src/errors.js';
import type { ArtifactReport } from '../../src/index.js';
import { checkArtifact, describeOutcome } from '../check-artifact.js';
import type { Command, Outcome } from '../command.js';
import type { Io } from '../io.js';
import { paintFor } from '../paint.js';
import { describeBody } from '../report-text.js';
import { clean } from '../text.js';
import { DEMAND_FLAGS, verifyDemands } from '../verify-demands.js';

/** `gait verify session-chain F`: the chain of a session, the runpacks that it lists, and the journal where it lies beside. */
export const verifySessionChain: Command = {
  flags: [{ name: 'chain', value: 'FILE', help: 'the chain, like the argument' }, ...DEMAND_FLAGS],
  positionals: ['[FILE]'],
  examples: [
    'verify session-chain ./s1_chain.json',
    'verify session-chain --chain ./s1_chain.json --profile strict --public-key ./gait-out/keys/gait_public.key --json',
  ],
  async run(invocation) {
    const { args, io, echo } = invocation;
    const [positional] = args.positionals;
    const path = positional ?? args.text('chain');
    if (path === undefined || (positional !== undefined && args.text('chain') !== undefined)) {
      throw new GaitError('INVALID_ARGUMENT', 'name one chain: gait verify session-chain FILE', {
        details: { flag: 'chain' },
      });
    }
    echo['chain_path'] = path;
    return describe(await checkArtifact(path, invocation, await verifyDemands(args, io)), path, io);
  },
};

function describe(report: ArtifactReport, path: string, io: Io): Outcome {
  if (report.kind !== 'chain') {
    throw new GaitError('INVALID_CHAIN', `${path} is no chain but a ${report.kind.replaceAll('_', ' ')}`, {
      hint: 'gait verify takes evidence of any kind',
      details: { path, kind: report.kind },
    });
  }
  const first = report.ok ? `verify session-chain: ok (${clean(path)})` : `verify session-chain failed: ${clean(path)}`;
  return {
    ...describeOutcome(report, io),
    text: [paintFor(io)[report.ok ? 'good' : 'bad'](first), ...describeBody(report)],
  };
}
