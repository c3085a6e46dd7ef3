// Bundles the CLI: cli/main.ts, the engine behind it and the packages that every append loads become a few files in
// dist/cli. A one-shot command spends most of its time on finding and compiling modules, so their number and the loader
// in use decide how long it takes; `npm run bench -- --only one-shot` shows it.
//
// - CommonJS, because Node then starts without its ES module loader. dist/cli/package.json tells Node.
// - A file for each `import()` in the sources, so that a command loads only what it needs.
// - Packages that few commands need stay outside.
//
// The library, dist/src, is not bundled: it is what the compiler makes of src/.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** What an append loads: each package, with what it needs itself. */
const BUNDLED = new Set([
  'msgpackr',
  'fs-native-extensions',
  'which-runtime',
  'proper-lockfile',
  'graceful-fs',
  'retry',
  'signal-exit',
]);

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packages = join(root, 'node_modules');
const outDir = join(root, 'dist', 'cli');

const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  tsconfig: join(root, 'tsconfig.json'),
  input: {
    main: join(root, 'cli', 'main.ts'),
    // Started by its path, which is beside the file that starts it: see src/journal/verify/parallel-scan.ts.
    'stretch-worker': join(root, 'src', 'journal', 'verify', 'stretch-worker.ts'),
  },
  plugins: [
    { name: 'packages', resolveId: { order: 'pre', handler: placeOf } },
    { name: 'plain-require', transform: { filter: { code: 'createRequire' }, handler: plainRequire } },
  ],
});
const { output } = await bundle.write({
  dir: outDir,
  format: 'cjs',
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
});
const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
writeFileSync(join(outDir, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
writeFileSync(join(outDir, 'LICENSES.txt'), packagesOf(modules).map(licenceOf).join('\n\n'));

/**
 * Which packages go into the bundle, and how the one with a binary finds it from there.
 *
 * @param {string} id as it is imported
 * @param {string | undefined} importer path of the importing module
 */
function placeOf(id, importer) {
  if (id === './binding' && importer === join(packages, 'fs-native-extensions', 'index.js')) {
    return join(root, 'scripts', 'addon-binding.cjs');
  }
  const [name] = /^[\w-]+|^@[^/]+\/[^/]+/.exec(id) ?? [];
  // By its own name, a file of the package with the binary is meant to be loaded from where that is installed.
  const isFile = id.startsWith('fs-native-extensions/');
  return name === undefined || (BUNDLED.has(name) && !isFile) ? null : { id, external: true };
}

/**
 * Turns `createRequire(import.meta.url)(...)`, which bundlers do not look into, into the `require(...)` of a CommonJS file,
 * which they do. Lines stay where they are, so the source map holds.
 *
 * @param {string} code
 */
function plainRequire(code) {
  return { code: code.replaceAll('createRequire(import.meta.url)(', 'require('), map: null };
}

/** @param {readonly string[]} files @returns {string[]} the names of the packages they come from */
function packagesOf(files) {
  const names = files.filter((file) => file.startsWith(packages)).map((file) => file.slice(packages.length + 1));
  return [...new Set(names.map((name) => name.split(/[\\/]/, name.startsWith('@') ? 2 : 1).join('/')))].toSorted();
}

/** @param {string} name of a package @returns {string} its name, version and licence text */
function licenceOf(name) {
  const folder = join(packages, name);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
