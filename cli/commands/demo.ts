import type { Command } from '../command.js';
import { EXIT_CODES, EXIT_OK } from '../exit-codes.js';
import { paintFor } from '../paint.js';

/**
 * `gait demo`: a session of real events, signed, verified, one event proven, a tampering caught and a prune planned. Exits 1
 * when it does not go as promised.
 */
export const demo: Command = {
  flags: [{ name: 'keep', help: 'leave the temporary folder in place' }],
  examples: ['demo', 'demo --keep --json'],
  async run({ args, io }) {
    const [{ makeDemoFolder, removeFolder }, { playDemo }, { describeDemo, isAsPromised }] = await Promise.all([
      import('../files.js'),
      import('../demo-play.js'),
      import('../demo-text.js'),
    ]);
    const isKept = args.has('keep');
    const folder = await makeDemoFolder();
    try {
      const facts = await playDemo(folder, { env: io.env });
      const { appended, elapsedMs, status, report, proven, tampering, plan, keyId } = facts;
      const ok = isAsPromised(facts);
      const { plan_digest, delete_count, delete_bytes, keep_count } = plan;
      return {
        exitCode: ok ? EXIT_OK : EXIT_CODES.internal_failure,
        json: {
          ok,
          folder,
          kept: isKept,
          appended,
          elapsed_ms: Math.round(elapsedMs),
          key_id: keyId,
          status,
          report,
          proof: proven,
          tampering,
          prune: { plan_digest, delete_count, delete_bytes, keep_count },
        },
        text: describeDemo(facts, ok, isKept ? folder : undefined, paintFor(io)),
      };
    } finally {
      if (!isKept) await removeFolder(folder);
    }
  },
};
