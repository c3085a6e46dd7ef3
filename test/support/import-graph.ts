import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseAst } from 'vitest/node';
import type { SourceModule } from './import-rules.js';
import { repositoryRoot } from './paths.js';

/** Reads what every TypeScript file under the named folders of the checkout imports; a missing folder holds no files. */
export function readImportGraph(folders: readonly string[]): SourceModule[] {
  const modules: SourceModule[] = [];
  for (const folder of folders.map((name) => join(repositoryRoot, name)).filter((path) => existsSync(path))) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      // Packages that the benchmarks compare with lie under perf/peers.
      if (!entry.isFile() || !entry.name.endsWith('.ts') || path.includes(`${sep}node_modules${sep}`)) continue;
      const file = relative(repositoryRoot, path).split(sep).join('/');
      modules.push(parseModule(file, readFileSync(path, 'utf8')));
    }
  }
  return modules;
}

/**
 * What a module imports, by any syntax: import and export declarations, types among them, `import()` in code and in
 * types, and `createRequire(...)('x')`. A computed specifier, or a `createRequire` that is kept for later calls, cannot be
 * judged; it is listed as `<computed>`.
 */
export function parseModule(file: string, source: string): SourceModule {
  const imports: string[] = [];
  let defaultExport = false;
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item);
      return;
    }
    if (!isNode(value)) return;
    if (value.type === 'ExportDefaultDeclaration' || isNameDefault(value)) defaultExport = true;
    if (IMPORTING.has(value.type) && value['source'] !== null) imports.push(specifierOf(value['source']));
    const required = requiredBy(value);
    if (required !== undefined) {
      imports.push(required);
      return;
    }
    for (const child of Object.values(value)) visit(child);
  };
  visit(parseAst(source, { lang: 'ts' }));
  return { file, imports, defaultExport };
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

const COMPUTED = '<computed>';

const IMPORTING: ReadonlySet<string> = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

/** The specifier that a call of `createRequire`, or of what it returns, loads; undefined for any other node. */
function requiredBy(node: Node): string | undefined {
  if (isCallOf(node, 'createRequire')) return COMPUTED;
  if (node.type !== 'CallExpression' || !isCallOf(node['callee'], 'createRequire')) return undefined;
  const args = node['arguments'];
  return Array.isArray(args) ? specifierOf(args[0]) : COMPUTED;
}

function isCallOf(value: unknown, name: string): boolean {
  if (!isNode(value) || value.type !== 'CallExpression') return false;
  const callee = value['callee'];
  return isNode(callee) && callee.type === 'Identifier' && callee['name'] === name;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Whether a node is `x as default` in an export list. */
function isNameDefault(node: Node): boolean {
  const exported = node['exported'];
  return node.type === 'ExportSpecifier' && isNode(exported) && exported['name'] === 'default';
}

function specifierOf(source: unknown): string {
  return isNode(source) && source.type === 'Literal' && typeof source['value'] === 'string'
    ? source['value']
    : COMPUTED;
}
