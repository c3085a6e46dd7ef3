/**
 * A configuration file as YAML, read so that every complaint names a key and a line.
 *
 * Only plain YAML counts: mappings, strings and numbers. Anchors, aliases and tags are refused where they would be read, and
 * never resolved anywhere, so that a few bytes cannot become gigabytes.
 */
import type { Document, LineCounter, ParsedNode } from 'yaml';
import { GaitError } from '../errors.js';
import { yaml } from './yaml-library.js';

/** A configuration is written by hand: a longer one is something else. Also bounds the search for keys given twice. */
const MAX_CONFIG_CHARACTERS = 64 * 1024;

/** The form that files are read in. Not with `logLevel: 'silent'`: a second document would go unnoticed. */
const PARSE_OPTIONS = { version: '1.2', stringKeys: true, prettyErrors: false, logLevel: 'error' } as const;

/** One key of a mapping with its value. */
export interface ConfigEntry {
  /** The whole way to it, with dots: `retention.profiles.ours.session`. */
  readonly path: string;
  readonly key: string;
  readonly line: number;
  readonly value: ParsedNode | null;
}

/** A parsed configuration file. */
export class ConfigDocument {
  readonly document: Document.Parsed;
  readonly #path: string;
  readonly #lines: LineCounter = new (yaml().LineCounter)();

  /** @throws GaitError INVALID_CONFIG */
  constructor(text: string, path: string) {
    this.#path = path;
    if (text.length > MAX_CONFIG_CHARACTERS) {
      throw this.error('', 1, `the file is longer than ${MAX_CONFIG_CHARACTERS} characters`);
    }
    this.document = yaml().parseDocument(text, { ...PARSE_OPTIONS, lineCounter: this.#lines });
    const [fault] = [...this.document.errors, ...this.document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
    if (fault !== undefined)
      throw this.error(this.#keyAt(text, fault.pos[0]), this.#lineAt(fault.pos[0]), fault.message);
  }

  /** The keys of the file itself. An empty file has none. */
  top(): ConfigEntry[] {
    return this.#isBlank(this.document.contents) ? [] : this.entries(this.document.contents, '', 1);
  }

  /** The keys under an entry; none when nothing is written there. */
  section(entry: ConfigEntry): ConfigEntry[] {
    return this.#isBlank(entry.value) ? [] : this.entries(entry.value, entry.path, entry.line);
  }

  /** The keys of a mapping. @throws GaitError INVALID_CONFIG when it is something else */
  entries(node: ParsedNode | null, path: string, line: number): ConfigEntry[] {
    const map = this.#plain(node, path, line);
    if (!yaml().isMap(map)) throw this.error(path, line, 'must be a mapping of keys to values');
    return map.items.map(({ key, value }) => {
      const name = yaml().isScalar(key) && typeof key.value === 'string' ? key.value : '';
      const start = key.range[0];
      const at = { path: path === '' ? name : `${path}.${name}`, key: name, line: this.#lineAt(start) };
      this.#plain(key, at.path, at.line);
      return { ...at, value };
    });
  }

  /** A string or number. @throws GaitError INVALID_CONFIG for anything else, with what was asked for */
  scalar({ value, path, line }: ConfigEntry, wanted: string): string | number {
    const node = this.#plain(value, path, line);
    const found: unknown = yaml().isScalar(node) ? node.value : undefined;
    if (typeof found === 'string' || typeof found === 'number') return found;
    throw this.error(path, line, `must be ${wanted}, not ${describe(node)}`);
  }

  /** A complaint about a file that cannot be read as text. */
  static refuse(path: string, what: string, cause: unknown): GaitError {
    return new GaitError('INVALID_CONFIG', `${path}: ${what}`, { cause, details: { path, line: 1 } });
  }

  /** A complaint about an entry. */
  errorAt({ path, line }: ConfigEntry, what: string, hint?: string): GaitError {
    return this.error(path, line, what, hint);
  }

  error(key: string, line: number, what: string, hint?: string): GaitError {
    const place = `${this.#path}:${line}`;
    return new GaitError('INVALID_CONFIG', key === '' ? `${place}: ${what}` : `${place}: ${key}: ${what}`, {
      details: { path: this.#path, line, ...(key === '' ? {} : { key }) },
      ...(hint === undefined ? {} : { hint }),
    });
  }

  #plain(node: ParsedNode | null, path: string, line: number): ParsedNode | null {
    if (node === null) return null;
    if (yaml().isAlias(node)) throw this.error(path, line, 'aliases (*name) are not read: write the value out');
    if (node.anchor !== undefined) throw this.error(path, line, 'anchors (&name) are not read: leave it out');
    if (node.tag !== undefined) throw this.error(path, line, 'tags (!name) are not read: leave it out');
    return node;
  }

  #isBlank(node: ParsedNode | null): boolean {
    return node === null || (yaml().isScalar(node) && node.value === null && node.source === '');
  }

  #lineAt(offset: number): number {
    return this.#lines.linePos(offset).line;
  }

  /** The key that stands on the line of a syntax error, as far as it can be told: a broken text has no tree. */
  #keyAt(text: string, offset: number): string {
    const start = this.#lines.lineStarts[this.#lineAt(offset) - 1] ?? 0;
    const [, key = ''] = /^[\s-]*["']?([^\s"':#{}[\],]+)["']?\s*:/.exec(lineOf(text, start)) ?? [];
    return key;
  }
}

/** One line, as far as a key could reach into it. */
function lineOf(text: string, start: number): string {
  return text.slice(start, start + 200).split('\n', 1)[0] ?? '';
}

function describe(node: ParsedNode | null): string {
  if (node === null || (yaml().isScalar(node) && node.value === null)) return 'empty';
  return yaml().isScalar(node) ? JSON.stringify(node.value) : 'a list or mapping';
}
