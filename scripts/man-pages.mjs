// Writes the manual pages, dist/man/gait*.1, one for each command, by asking the CLI that was just built.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cli = join(root, 'dist', 'cli', 'main.js');
const outDir = join(root, 'dist', 'man');

const printed = execFileSync(process.execPath, [cli, 'help', '--man', '--json'], { encoding: 'utf8' });
const { pages } = /** @type {{ pages: Record<string, string> }} */ (JSON.parse(printed));

rmSync(outDir, { recursive: true, force: true });
mkdirSync(outDir, { recursive: true });
for (const [name, page] of Object.entries(pages)) writeFileSync(join(outDir, name), page);
