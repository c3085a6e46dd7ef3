import type { Command } from '../command.js';

/** `gait help [WORD...]`: the same text as `--help`, and the topics; or as a manual page. */
export const help: Command = {
  flags: [{ name: 'man', help: 'print it as a manual page, in roff' }],
  positionals: ['[COMMAND]', '[WORD]', '[WORD]'],
  examples: [
    'help run session append',
    'help concepts',
    'help files',
    'help exit-codes',
    'help environment',
    'help verify --man',
  ],
  async run({ args, tree }) {
    const { helpOn } = await import('../help.js');
    const words = args.positionals;
    const plain = await helpOn(tree, words);
    const { allWords, manPage, manPages } = await import('../man.js');
    // For scripts that want all of them at once.
    const isAll = words.length === 0;
    if (args.has('man')) {
      const { VERSION } = await import('../../src/index.js');
      const page = await manPage(tree, words, VERSION);
      const pages = isAll ? { pages: await manPages(tree, VERSION) } : {};
      return { json: { ok: true, man: page, ...pages }, text: [page.trimEnd()] };
    }
    return { json: { ok: true, help: plain, ...(isAll ? { commands: allWords(tree) } : {}) }, text: [plain] };
  },
};
