import { GaitError } from '../../src/errors.js';
import type { Proof, ProveOptions } from '../../src/index.js';
import type { Command } from '../command.js';
import { INTERRUPT_CODES } from '../exit-codes.js';
import type { Arguments } from '../flags.js';
import { Interruption } from '../interruption.js';
import { whileWorking } from '../progress.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { clean, pairs } from '../text.js';

/** What is to be proved. */
type Question =
  | { readonly kind: 'inclusion_proof'; readonly sequence: number }
  | { readonly kind: 'consistency_proof'; readonly fromSize: number };

/** The proof, and the fields of its kind. */
type Answer = Proof & Readonly<Record<string, unknown>>;

/** `gait prove`: a proof that stands without the journal, and that `gait verify` checks with the public key alone. */
export const prove: Command = {
  flags: [
    ...TARGET_FLAGS,
    { name: 'sequence', value: 'N', help: 'prove that event N is in the log, up to its newest signed checkpoint' },
    { name: 'from-size', value: 'N', help: 'prove that the log of N lines is the beginning of the log as it is now' },
    { name: 'out', value: 'FILE', help: 'a new file for the proof; - or none: standard output' },
  ],
  examples: [
    'prove --journal ./s1.jsonl --sequence 1 --out ./event1.proof',
    'prove --journal ./s1.jsonl --from-size 2 --json',
  ],
  async run(invocation) {
    const { args, io, out, json, echo } = invocation;
    const question = questionOf(args);
    const path = await journalPath(args, echo);
    const interruption = new Interruption(io);
    try {
      const { text, ...facts } = await whileWorking(invocation, 'proving', async () =>
        answer(path, question, { env: io.env, signal: interruption.abortSignal }),
      );
      const { kind } = question;
      const target = args.text('out') ?? '-';
      if (target === '-') {
        if (!json) await out.write(text);
        return { json: { ok: true, kind, ...facts, proof: text } };
      }
      const { writeNewFile } = await import('../../src/index.js');
      const written = await writeNewFile(target, Buffer.from(text), { env: io.env });
      return {
        json: { ok: true, kind, ...facts, out: written },
        text: [`prove: ${pairs({ kind, ...facts })}`, `proof: ${clean(written)}`],
      };
    } catch (error) {
      if (interruption.received === undefined) throw error;
      return { exitCode: INTERRUPT_CODES[interruption.received] };
    } finally {
      interruption.release();
    }
  },
};

function questionOf(args: Arguments): Question {
  const [sequence, fromSize] = [args.whole('sequence'), args.whole('from-size')];
  if (sequence !== undefined && fromSize === undefined) return { kind: 'inclusion_proof', sequence };
  if (sequence === undefined && fromSize !== undefined) return { kind: 'consistency_proof', fromSize };
  throw new GaitError('INVALID_ARGUMENT', 'say what to prove: --sequence N or --from-size N, one of the two', {
    details: { flag: 'sequence' },
  });
}

async function answer(path: string, question: Question, options: ProveOptions): Promise<Answer> {
  const { proveConsistency, proveInclusion } = await import('../../src/index.js');
  if (question.kind === 'inclusion_proof') return { ...(await proveInclusion(path, question.sequence, options)) };
  return { ...(await proveConsistency(path, question.fromSize, options)), first_size: question.fromSize };
}
