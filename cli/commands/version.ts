import type { Command } from '../command.js';

/** `gait version`: what this is, and what it runs on. */
export const version: Command = {
  flags: [],
  examples: ['version', 'version --json'],
  async run() {
    const { VERSION } = await import('../../src/index.js');
    return { json: { ok: true, version: VERSION, node: process.version }, text: [`gait ${VERSION}`] };
  },
};
