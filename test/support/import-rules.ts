import { isBuiltin } from 'node:module';
import { posix } from 'node:path';

/** One source file as the rules see it. */
export interface SourceModule {
  /** From the root of the checkout, with slashes: `src/sign/tree.ts`. */
  readonly file: string;
  /** Specifiers as written. */
  readonly imports: readonly string[];
  readonly defaultExport: boolean;
}

export interface Violation {
  readonly rule: Rule;
  readonly file: string;
  /** The import at fault, or what else the rule found. */
  readonly found: string;
}

export type Rule =
  | 'no-upward-import'
  | 'cli-past-api'
  | 'enter-by-index'
  | 'strangers'
  | 'file-system'
  | 'pure-sign'
  | 'undeclared-package'
  | 'node-prefix'
  | 'unresolved'
  | 'unplaced-file'
  | 'cycle'
  | 'default-export';

/** The layers, top first. A file may import from its own layer and from those below. */
const LAYERS = [
  'perf',
  'cli',
  'src/index.ts',
  'src/report',
  'src/verify',
  'src/retention',
  'src/trace',
  'src/journal',
  'src/sign',
  'src/errors.ts',
];

/** Nothing imports these from outside. */
const TOPS = ['perf', 'cli'];

/** All that cli/ sees of src/. */
const CLI_SEES: ReadonlySet<string> = new Set(['src/index.ts', 'src/errors.ts']);

const STORE = 'src/journal/store';
const STRANGERS = [['src/sign', STORE]] as const;

/** Modules that reach the file system. In src/ and cli/ only the store has them. */
const FILE_SYSTEM: ReadonlySet<string> = new Set([
  'node:fs',
  'node:fs/promises',
  'fs-native-extensions',
  'graceful-fs',
  'proper-lockfile',
]);

/** The files of cli/ that touch files themselves: arguments from a file and the demo's folder; the doctor's probes. */
const CLI_FILES: ReadonlySet<string> = new Set(['cli/files.ts', 'cli/doctor/this-machine.ts']);
const CLI_FILES_MAY: ReadonlySet<string> = new Set(['node:fs', 'node:fs/promises']);

/** What of Node src/sign may use: computing and loading code, not input or output. */
const PURE_BUILTINS: ReadonlySet<string> = new Set(['node:buffer', 'node:crypto', 'node:module']);

/**
 * Checks a set of modules against the import rules of the architecture. Pure.
 *
 * @param modules every module of the checked folders; a relative import of anything else is `unresolved`
 * @param packages names of the packages that run-time code may import
 * @returns all violations, in the order of the modules
 */
export function checkImports(modules: readonly SourceModule[], packages: ReadonlySet<string>): Violation[] {
  const known = new Set(modules.map((module) => module.file));
  const violations: Violation[] = [];
  for (const { file, imports, defaultExport } of modules) {
    if (layerOf(file) === -1) violations.push({ rule: 'unplaced-file', file, found: file });
    if (defaultExport) violations.push({ rule: 'default-export', file, found: 'default' });
    for (const found of imports) {
      const rules = isRelative(found)
        ? relativeRules(file, resolve(file, found), known)
        : packageRules(file, found, packages);
      for (const rule of rules) violations.push({ rule, file, found });
    }
  }
  for (const cycle of findCycles(modules)) {
    violations.push({ rule: 'cycle', file: cycle[0] ?? '', found: cycle.join(' > ') });
  }
  return violations;
}

function relativeRules(file: string, target: string, known: ReadonlySet<string>): Rule[] {
  if (!known.has(target)) return ['unresolved'];
  const rules: Rule[] = [];
  const [from, to] = [layerOf(file), layerOf(target)];
  const reachesTop = TOPS.some((top) => within(target, top) && !within(file, top));
  if (to < from || reachesTop) rules.push('no-upward-import');
  if (within(file, 'cli') && within(target, 'src') && !CLI_SEES.has(target)) rules.push('cli-past-api');
  if (!entersByIndex(file, target)) rules.push('enter-by-index');
  for (const [a, b] of STRANGERS) {
    if ((within(file, a) && within(target, b)) || (within(file, b) && within(target, a))) rules.push('strangers');
  }
  return rules;
}

function packageRules(file: string, specifier: string, packages: ReadonlySet<string>): Rule[] {
  if (specifier === '<computed>') return ['unresolved'];
  // Benchmarks are never shipped: they may use files and development packages.
  if (within(file, 'perf')) return [];
  const rules: Rule[] = [];
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) rules.push('node-prefix');
    const name = specifier.startsWith('node:') ? specifier : `node:${specifier}`;
    if (reachesFileSystem(file, name)) rules.push('file-system');
    if (within(file, 'src/sign') && !PURE_BUILTINS.has(name)) rules.push('pure-sign');
    return rules;
  }
  const name = packageName(specifier);
  if (!packages.has(name)) rules.push('undeclared-package');
  if (reachesFileSystem(file, name)) rules.push('file-system');
  return rules;
}

function reachesFileSystem(file: string, name: string): boolean {
  return FILE_SYSTEM.has(name) && !within(file, STORE) && !(CLI_FILES.has(file) && CLI_FILES_MAY.has(name));
}

/** Whether the outermost folder of src/ that `target` is in and `file` is not, if any, is entered by its index.ts. */
function entersByIndex(file: string, target: string): boolean {
  const parts = target.split('/');
  if (parts[0] !== 'src') return true;
  for (let depth = 2; depth < parts.length; depth += 1) {
    const folder = parts.slice(0, depth).join('/');
    if (!within(file, folder)) return target === `${folder}/index.ts`;
  }
  return true;
}

/** The simple cycles that a depth-first walk closes, each from its alphabetically first file and back to it. */
function findCycles(modules: readonly SourceModule[]): string[][] {
  const targets = new Map(
    modules.map(({ file, imports }) => [file, imports.filter(isRelative).map((found) => resolve(file, found))]),
  );
  const done = new Set<string>();
  const path: string[] = [];
  const cycles = new Map<string, string[]>();
  const walk = (file: string): void => {
    const seenAt = path.indexOf(file);
    if (seenAt !== -1) {
      const cycle = fromFirst(path.slice(seenAt));
      cycles.set(cycle.join(' '), [...cycle, cycle[0] ?? file]);
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of targets.get(file) ?? []) walk(target);
    path.pop();
    done.add(file);
  };
  for (const file of targets.keys()) walk(file);
  return [...cycles.values()];
}

function fromFirst(cycle: readonly string[]): string[] {
  const first = cycle.indexOf(cycle.toSorted()[0] ?? '');
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}

function layerOf(file: string): number {
  return LAYERS.findIndex((layer) => within(file, layer));
}

function within(file: string, folder: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('./') || specifier.startsWith('../');
}

/** The source file behind a relative specifier: `./tree.js` in `src/sign/index.ts` is `src/sign/tree.ts`. */
function resolve(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
