// Writes the manual pages, dist/man/gait*.1, one for each command, by asking the CLI that was just built.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cli = join(root, 'dist', 'cli', 'main.js');
const outDir = join(root, 'dist', 'man');

/** @param {readonly string[]} args @returns {Record<string, unknown>} what the CLI prints as JSON */
function gait(...args) {
  return JSON.parse(execFileSync(process.execPath, [cli, ...args, '--json'], { encoding: 'utf8' }));
}

rmSync(outDir, { recursive: true, force: true });
mkdirSync(outDir, { recursive: true });
const { commands } = /** @type {{ commands: string[] }} */ (gait('help'));
for (const command of commands) {
  const words = command === '' ? [] : command.split(' ');
  const { man } = /** @type {{ man: string }} */ (gait('help', ...words, '--man'));
  writeFileSync(join(outDir, `${['gait', ...words].join('-')}.1`), man);
}
