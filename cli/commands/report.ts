import { performance } from 'node:perf_hooks';
import { GaitError } from '../../src/errors.js';
import type { Command } from '../command.js';
import { describeBytes, describeLines, whileWorking } from '../progress.js';
import { SIGNATURES } from '../report-parts.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { byteSize, clean, count } from '../text.js';
import { VERIFY_KEY_FLAGS, verifyKeys } from '../verify-keys.js';

/**
 * `gait report`: a journal as one web page that needs no network and checks itself in the reader's browser. Also of a
 * journal that does not verify: the page then says so.
 */
export const report: Command = {
  flags: [
    ...TARGET_FLAGS,
    { name: 'out', value: 'FILE', help: 'the page; nothing may be there yet' },
    { name: 'limit', value: 'N', help: 'carry at most the newest N lines (default 10000)' },
    ...VERIFY_KEY_FLAGS,
  ],
  examples: [
    'report --journal ./s1.jsonl --out ./report.html --public-key ./gait-out/keys/gait_public.key',
    'report --session s1 --root ./sessions --out ./report.html --limit 2000 --json',
  ],
  async run(invocation) {
    const { args, io, echo } = invocation;
    const path = await journalPath(args, echo);
    const out = args.text('out');
    if (out === undefined) throw new GaitError('INVALID_ARGUMENT', '--out is required', { details: { flag: 'out' } });
    const limit = args.whole('limit');
    const publicKeys = await verifyKeys(args, io);
    const { reportData, sha256Hex, writeNewFile } = await import('../../src/index.js');
    const [{ readPageAssets }, { reportPage }] = await Promise.all([
      import('../files.js'),
      import('../report/page.js'),
    ]);
    const begun = { verifying: performance.now(), reading: undefined as number | undefined };
    const data = await whileWorking(invocation, `report on ${clean(path)}`, async (tell) =>
      reportData(path, {
        env: io.env,
        publicKeys,
        onProgress: ({ step, done, total }) => {
          begun[step] ??= performance.now();
          const elapsedMs = performance.now() - begun[step];
          tell(`${step}, ${(step === 'verifying' ? describeBytes : describeLines)(done, total, elapsedMs)}`);
        },
        ...(limit === undefined ? {} : { maxLines: limit }),
      }),
    );
    const page = Buffer.from(reportPage(data, await readPageAssets(), sha256Hex));
    const written = await writeNewFile(out, page, { env: io.env });
    const { lines, window, report: verdict } = data;
    const leftOut = window.start;
    return {
      json: {
        ok: true,
        out: written,
        size_bytes: page.length,
        lines: lines.length,
        lines_left_out: leftOut,
        journal_ok: verdict.ok,
        signature_status: verdict.signature_status,
      },
      text: [
        `report: ${clean(written)} (${byteSize(page.length)}, ${count(lines.length, 'line')})`,
        `verdict: ${verdict.ok ? verdict.verdict : `invalid, ${count(verdict.problem_count, 'problem')}`}, ${SIGNATURES[verdict.signature_status]}`,
      ],
      warnings: [
        ...(leftOut === 0 ? [] : [`warning: ${count(leftOut, 'earlier line')} left out; --limit takes more`]),
        ...(publicKeys.length === 0 ? ['warning: no public key in the page; its reader has to enter one'] : []),
      ],
    };
  },
};
