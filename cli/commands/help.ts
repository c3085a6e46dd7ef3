import type { Command } from '../command.js';

/** `gait help [WORD...]`: the same text as `--help`, and the topics. */
export const help: Command = {
  flags: [],
  positionals: ['[COMMAND]', '[WORD]', '[WORD]'],
  examples: ['help run session append', 'help concepts', 'help files', 'help exit-codes', 'help environment'],
  async run({ args, tree }) {
    const { helpOn } = await import('../help.js');
    const text = await helpOn(tree, args.positionals);
    return { json: { ok: true, help: text }, text: [text] };
  },
};
