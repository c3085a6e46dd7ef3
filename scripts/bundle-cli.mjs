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
  'fs-native-extensions',
  'msgpackr',
  'which-runtime',
  'proper-lockfile',
  'retry',
  'signal-exit',
]);

/**
 * What only some appends need: they seal, keep a payload, read an archive or find something wrong. The compiler looks through
 * every line of a file that is loaded, which takes longer than to run what an ordinary append needs of it.
 */
const SELDOM = [
  /\/src\/journal\/runpack\//,
  /\/src\/journal\/segments\/(?!base|prelude)/,
  /\/src\/journal\/(?:checkpoint-rules|header|journal-source|kept-lines|note-file|payload-files|payload-reader|payload-store|reader|sealing)\.ts$/,
  /\/src\/journal\/store\/(?:go-lock-file|go-lock-removal|lock-owner|new-file|spool-file|zip-reader|zip-writer)\.ts$/,
  /\/src\/sign\/(?:checkpoint-note|ed25519|ed25519-node|ed25519-noble|ed25519-rules|exact-json-diagnosis|keys|note|signature-block|strict-text|vkey)\.ts$/,
];

/** Begins the id of a module that is a part of the public API. */
const API = 'gait-api:';

/** The files that load it only when they use it, and how they would load it at once. */
const DELAYING = ['reading.js', 'writing.js'];
const LOAD_SELDOM = 'require_seldom=require("./seldom.js")';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packages = join(root, 'node_modules');
const outDir = join(root, 'dist', 'cli');

/** @type {import('rolldown').InputOptions} */
const inputOptions = {
  cwd: root,
  platform: 'node',
  preserveEntrySignatures: 'allow-extension',
  tsconfig: join(root, 'tsconfig.json'),
  input: {
    main: join(root, 'cli', 'main.ts'),
    // Started by its path, which is beside the file that starts it: see src/journal/verify/parallel-scan.ts.
    'stretch-worker': join(root, 'src', 'journal', 'verify', 'stretch-worker.ts'),
  },
  // An index file that only passes names on is looked through.
  experimental: { lazyBarrel: true },
  // No module of the project does anything when it is loaded but define what it exports.
  treeshake: { moduleSideEffects: [{ test: /\/(src|cli)\//, sideEffects: false }] },
  plugins: [
    {
      name: 'parts-of-the-api',
      resolveId: { order: 'pre', handler: apiId },
      load: apiPart,
      transform: { filter: { id: /\/cli\// }, handler: apiParts },
    },
    { name: 'packages', resolveId: { order: 'pre', handler: placeOf } },
    { name: 'plain-require', transform: { filter: { code: 'createRequire' }, handler: plainRequire } },
  ],
};
/** @type {import('rolldown').OutputOptions} */
const outputOptions = {
  dir: outDir,
  format: 'cjs',
  sourcemap: true,
  // Names of functions and classes stay, for stack traces; what only people read goes, as the compiler has to read it too, and
  // it reads ASCII faster.
  minify: { compress: true, mangle: { toplevel: false }, codegen: { removeWhitespace: true, asciiOnly: true } },
  // Called by what delayLoading() makes of a file.
  postFooter: 'function delayed(id){let loaded;return new Proxy({},{get:(_,name)=>(loaded??=require(id))[name]})}',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
};

// Cut as finely as commands differ, an append would be thirty files. What it loads goes into two: one for reading a session's
// state, which `status` needs alone, and one for the rest. The first build only tells what belongs where.
const fine = await (await rolldown(inputOptions)).generate(outputOptions);
const always = loadedWith(join(root, 'cli', 'process.ts'));
const reading = loadedWith(`${API}readStatus`);
const writing = loadedWith(`${API}openJournal`);
const bundle = await rolldown(inputOptions);
const { output } = await bundle.write({
  ...outputOptions,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [
      { name: 'common', test: isCommon, priority: 4 },
      { name: 'seldom', test: isSeldom, priority: 3 },
      { name: 'reading', test: (id) => reading.has(id), priority: 2 },
      { name: 'writing', test: (id) => writing.has(id), priority: 1 },
    ],
  },
});
for (const { fileName } of output.filter(({ type }) => type === 'chunk')) exportValues(fileName);
for (const name of DELAYING) delayLoading(name);
const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
writeFileSync(join(outDir, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
writeFileSync(join(outDir, 'LICENSES.txt'), packagesOf(modules).map(licenceOf).join('\n\n'));

/**
 * What every command loads, and the little that nearly every one does. The first file has none of it: on a Node that keeps what it
 * compiled, that one is compiled anew all the same, and worker threads could not load what is in it.
 *
 * @param {string} id
 */
function isCommon(id) {
  return always.has(id) || id === join(root, 'cli', 'target.ts');
}

/** @param {string} id */
function isSeldom(id) {
  return SELDOM.some((part) => part.test(id));
}

/**
 * Has a file load what is seldom needed when something of it is used for the first time. Nothing moves, so the source map holds.
 *
 * @param {string} name of the file
 */
function delayLoading(name) {
  const seldom = output.find(({ fileName }) => fileName === 'seldom.js');
  const needed = seldom?.type === 'chunk' ? seldom.imports : [];
  // Another file that needs it in turn would find it half made.
  const mayBe = [...DELAYING, 'common.js', 'rolldown-runtime.js'];
  const stranger = needed.find((other) => other.endsWith('.js') && !mayBe.includes(other));
  if (stranger !== undefined) throw new Error(`what seldom.js needs of ${stranger} belongs into seldom.js: see SELDOM`);
  const file = join(outDir, name);
  const code = readFileSync(file, 'utf8');
  if (!code.includes(LOAD_SELDOM)) throw new Error(`${name} does not load seldom.js`);
  writeFileSync(file, code.replace(LOAD_SELDOM, LOAD_SELDOM.replace('require(', 'delayed(')));
}

/**
 * Makes what a file exports plain values, as nothing of the project's changes what it exports: of the functions that the bundler
 * puts there to be asked for each, all are made and half are compiled to begin an append. It is the end of the file, so the
 * source map holds.
 *
 * @param {string} name of the file
 */
function exportValues(name) {
  const file = join(outDir, name);
  const one = /Object\.defineProperty\(exports,"([\w$]+)",\{enumerable:!0,get:function\(\)\{return ?([^{}]+)\}\}\)/;
  const all = new RegExp(`(?:${one.source}[,;])+$`, 'm');
  const code = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    code.replace(all, (block) => block.replaceAll(new RegExp(one, 'g'), 'exports.$1=$2')),
  );
}

/**
 * @param {string} id of a module that is loaded on its own
 * @returns {ReadonlySet<string>} the modules that the finely cut bundle loads with it
 */
function loadedWith(id) {
  const chunks = new Map(fine.output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file]] : [])));
  const part = [...chunks.values()].find(({ facadeModuleId }) => facadeModuleId === id);
  if (part === undefined) throw new Error(`nothing loads ${id} on its own`);
  const files = new Set([part.fileName]);
  for (const file of files) for (const other of chunks.get(file)?.imports ?? []) files.add(other);
  return new Set(
    [...files].flatMap((file) => chunks.get(file)?.moduleIds ?? []).filter((module) => !module.startsWith(API)),
  );
}

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
  // proper-lockfile asks for it, to be used where it is handed no file system; src/journal/store/directory-lock.ts hands it one.
  if (id === 'graceful-fs') return { id: 'node:fs', external: true };
  // For one line of signal-exit, Node would load seven modules of its own.
  if (id === 'assert' && importer === join(packages, 'signal-exit', 'index.js')) {
    return join(root, 'scripts', 'plain-assert.cjs');
  }
  const [name] = /^[\w-]+|^@[^/]+\/[^/]+/.exec(id) ?? [];
  // By its own name, a file of the package with the binary is meant to be loaded from where that is installed.
  const isFile = id.startsWith('fs-native-extensions/');
  return name === undefined || (BUNDLED.has(name) && !isFile) ? null : { id, external: true };
}

/**
 * A command that takes a few names out of the public API is to load what is behind these, not all of it: each such import becomes
 * a module of its own that has just these names.
 *
 * @param {string} code
 */
function apiParts(code) {
  const replaced = code.replaceAll(
    /(const \{ ([\w, ]+) \} = await import\()'(?:\.\.\/)+src\/index\.js'/g,
    (_, start, names) => `${start}'${API}${names.replaceAll(' ', '')}'`,
  );
  return { code: replaced, map: null };
}

/** @param {string} id */
function apiId(id) {
  return id.startsWith(API) ? { id, moduleSideEffects: false } : null;
}

/** @param {string} id */
function apiPart(id) {
  if (!id.startsWith(API)) return null;
  const names = id.slice(API.length).split(',');
  return `export { ${names.join(', ')} } from ${JSON.stringify(join(root, 'src', 'index.ts'))};`;
}

/**
 * Turns `createRequire(import.meta.url)(...)`, which bundlers do not look into, into the `require(...)` of a CommonJS file,
 * which they do. Lines stay where they are, so the source map holds.
 *
 * @param {string} code
 */
function plainRequire(code) {
  return {
    code: code
      .replaceAll('createRequire(import.meta.url)(', 'require(')
      // Left there, it would still be loaded.
      .replace("import { createRequire } from 'node:module';", ''),
    map: null,
  };
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
