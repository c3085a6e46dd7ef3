// Bundles the script of the evidence report, viewer/page.ts, with the libraries that it checks evidence with, into one
// classic script, dist/report/page.js, and puts the style beside it. `gait report` embeds both in every page it writes.

import { mkdirSync, copyFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outDir = process.argv[2] ?? join(root, 'dist', 'report');

const bundle = await rolldown({
  cwd: root,
  platform: 'browser',
  tsconfig: join(root, 'viewer', 'tsconfig.json'),
  input: { page: join(root, 'viewer', 'page.ts') },
});
mkdirSync(outDir, { recursive: true });
const licences = ['@noble/ed25519', '@noble/hashes'].map(licenceOf).join('\n\n');
await bundle.write({
  dir: outDir,
  format: 'iife',
  minify: true,
  entryFileNames: '[name].js',
  // Their licences ask for this, and every page is a copy.
  postBanner: `/*!\n${licences}\n*/`,
});
copyFileSync(join(root, 'viewer', 'page.css'), join(outDir, 'page.css'));

const script = readFileSync(join(outDir, 'page.js'), 'utf8');
// Inside a page this would end the script element.
if (/<\/script|<!--/i.test(script)) throw new Error('the script of the page would end its own element');

/** @param {string} name of a package @returns {string} its name and licence text */
function licenceOf(name) {
  return `${name}\n\n${readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8').trim()}`;
}
