import { GaitError } from '../../src/errors.js';
import type { Command } from '../command.js';
import { didYouMean } from '../suggest.js';

/** `gait completion SHELL`: generated from the commands themselves, so that it never lags behind them. */
export const completion: Command = {
  flags: [],
  positionals: ['SHELL'],
  examples: ['completion bash', 'completion zsh', 'completion fish'],
  async run({ args, tree }) {
    const { completionScript, SHELLS } = await import('../completion.js');
    const [word] = args.positionals;
    const shell = SHELLS.find((name) => name === word);
    if (shell === undefined) {
      const known = `one of ${SHELLS.join(', ')}`;
      throw new GaitError(
        'INVALID_ARGUMENT',
        word === undefined ? `name a shell: ${known}` : `no completion for ${word}`,
        {
          hint: didYouMean(word ?? '', SHELLS) ?? known,
          details: { argument: word },
        },
      );
    }
    const script = await completionScript(tree, shell);
    return { json: { ok: true, shell, script }, text: [script] };
  },
};
