import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseModule, readImportGraph } from './support/import-graph.js';
import { checkImports, type Rule, type SourceModule } from './support/import-rules.js';
import { repositoryRoot } from './support/paths.js';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as Manifest;
const runtimePackages = new Set([
  ...Object.keys(manifest.dependencies ?? {}),
  ...Object.keys(manifest.optionalDependencies ?? {}),
]);

describe('the real import graph', () => {
  const modules = readImportGraph(['src', 'cli', 'perf']);

  test('holds the sources', () => {
    expect(modules.map((module) => module.file)).toContain('src/errors.ts');
    expect(modules.flatMap((module) => module.imports).length).toBeGreaterThan(0);
  });

  test('keeps every rule of the architecture', () => {
    expect(checkImports(modules, runtimePackages)).toEqual([]);
  });
});

/** A small tree that keeps every rule, to plant one violation in. */
const sound: readonly SourceModule[] = [
  planted('perf/bench.ts', ['tinybench', 'node:fs', '../src/index.js', '../src/sign/index.js']),
  planted('cli/main.ts', ['commander', './commands/append.js', '../src/errors.js']),
  planted('cli/commands/append.ts', ['../../src/index.js', '../files.js']),
  planted('cli/files.ts', ['node:fs', 'node:fs/promises']),
  planted('src/index.ts', ['./journal/index.js', './errors.js']),
  planted('src/retention/index.ts', ['../journal/index.js', '../sign/index.js']),
  planted('src/trace/index.ts', ['../sign/index.js']),
  planted('src/journal/index.ts', ['./writer.js', '../sign/index.js']),
  planted('src/journal/writer.ts', ['./store/index.js', './record.js', 'node:timers/promises']),
  planted('src/journal/record.ts', []),
  planted('src/journal/store/index.ts', ['./lock.js']),
  planted('src/journal/store/lock.ts', ['node:fs/promises', 'proper-lockfile', '../../errors.js']),
  planted('src/sign/index.ts', ['./tree.js']),
  planted('src/sign/tree.ts', ['node:crypto', '@noble/ed25519', '../errors.js']),
  planted('src/errors.ts', []),
];

describe('the import rules', () => {
  test('accept a tree that keeps them', () => {
    expect(checkImports(sound, runtimePackages)).toEqual([]);
  });

  test.each<[Rule, string, string]>([
    ['no-upward-import', 'src/errors.ts', './sign/index.js'],
    ['no-upward-import', 'src/sign/tree.ts', '../journal/index.js'],
    ['no-upward-import', 'src/journal/record.ts', '../retention/index.js'],
    ['no-upward-import', 'src/trace/index.ts', '../retention/index.js'],
    ['no-upward-import', 'src/journal/record.ts', '../index.js'],
    ['no-upward-import', 'src/index.ts', '../cli/main.js'],
    ['no-upward-import', 'src/retention/index.ts', '../../perf/bench.js'],
    ['no-upward-import', 'cli/main.ts', '../perf/bench.js'],
    ['no-upward-import', 'perf/bench.ts', '../cli/main.js'],
    ['cli-past-api', 'cli/main.ts', '../src/journal/index.js'],
    ['enter-by-index', 'src/retention/index.ts', '../journal/record.js'],
    ['enter-by-index', 'src/retention/index.ts', '../journal/store/index.js'],
    ['enter-by-index', 'src/journal/record.ts', './store/lock.js'],
    ['enter-by-index', 'perf/bench.ts', '../src/sign/tree.js'],
    ['strangers', 'src/journal/store/lock.ts', '../../sign/index.js'],
    ['strangers', 'src/sign/tree.ts', '../journal/store/index.js'],
    ['file-system', 'src/journal/writer.ts', 'node:fs'],
    ['file-system', 'src/journal/writer.ts', 'fs/promises'],
    ['file-system', 'src/trace/index.ts', 'proper-lockfile'],
    ['file-system', 'cli/main.ts', 'node:fs/promises'],
    ['file-system', 'cli/main.ts', 'graceful-fs'],
    ['file-system', 'cli/files.ts', 'graceful-fs'],
    ['file-system', 'cli/commands/append.ts', 'node:fs'],
    ['file-system', 'cli/files.ts', 'proper-lockfile'],
    ['pure-sign', 'src/sign/tree.ts', 'node:net'],
    ['pure-sign', 'src/sign/tree.ts', 'process'],
    ['undeclared-package', 'src/journal/record.ts', 'tinybench'],
    ['undeclared-package', 'cli/main.ts', '@types/node/fs.js'],
    ['node-prefix', 'src/journal/record.ts', 'util'],
    ['unresolved', 'src/journal/record.ts', './gone.js'],
    ['unresolved', 'src/journal/record.ts', '<computed>'],
    ['cycle', 'src/journal/record.ts', './writer.js'],
    ['cycle', 'src/errors.ts', './errors.js'],
  ])('find %s when %s imports %s', (rule, file, specifier) => {
    const modules = sound.map((module) =>
      module.file === file ? { ...module, imports: [...module.imports, specifier] } : module,
    );
    expect(checkImports(modules, runtimePackages).map((violation) => violation.rule)).toContain(rule);
  });

  test('find a default export and a file outside the layers', () => {
    const modules = [...sound, planted('src/helpers.ts', []), planted('src/sign/keys.ts', [], true)];
    expect(checkImports(modules, runtimePackages)).toEqual([
      { rule: 'unplaced-file', file: 'src/helpers.ts', found: 'src/helpers.ts' },
      { rule: 'default-export', file: 'src/sign/keys.ts', found: 'default' },
    ]);
  });

  test('name each cycle once, whole', () => {
    const modules = [
      planted('src/sign/a.ts', ['./b.js']),
      planted('src/sign/b.ts', ['./c.js']),
      planted('src/sign/c.ts', ['./a.js', './b.js']),
    ];
    expect(checkImports(modules, runtimePackages).map((violation) => violation.found)).toEqual([
      'src/sign/a.ts > src/sign/b.ts > src/sign/c.ts > src/sign/a.ts',
      'src/sign/b.ts > src/sign/c.ts > src/sign/b.ts',
    ]);
  });
});

describe('the parser behind the graph', () => {
  test('sees an import in every syntax, and none in comments and strings', () => {
    const source = `
      import type { A } from './a.js';
      import './b.js';
      import * as c from './c.js';
      export { d } from './d.js';
      export * from './e.js';
      export type { F } from './f.js';
      export const g = async (x: string) => [await import('./g.js'), await import(x)];
      export type H = import('./h.js').H;
      // import './comment.js'
      export const text = "import './string.js'";
    `;
    expect(parseModule('src/x.ts', source)).toEqual({
      file: 'src/x.ts',
      imports: ['./a.js', './b.js', './c.js', './d.js', './e.js', './f.js', './g.js', '<computed>', './h.js'],
      defaultExport: false,
    });
  });

  test('sees what createRequire loads', () => {
    const source = `
      import { createRequire } from 'node:module';
      export const a: unknown = createRequire(import.meta.url)('a');
      const later = createRequire(import.meta.url);
      export const b: unknown = later('b');
    `;
    expect(parseModule('src/x.ts', source).imports).toEqual(['node:module', 'a', '<computed>']);
  });

  test.each(['export default 1;', 'const x = 1; export { x as default };', "export { default } from './x.js';"])(
    'sees the default export in %s',
    (source) => {
      expect(parseModule('src/x.ts', source).defaultExport).toBe(true);
    },
  );
});

function planted(file: string, imports: readonly string[], defaultExport = false): SourceModule {
  return { file, imports, defaultExport };
}
