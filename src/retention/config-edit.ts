/**
 * One value changed in the text of a configuration. The tree only says where: everything else stays as somebody wrote it,
 * byte for byte, comments and alignment included. Pure.
 */
import type { Pair, ParsedNode } from 'yaml';
import type { ConfigDocument } from './config-yaml.js';
import { yaml } from './yaml-library.js';

const SECTION = 'retention';
const KEY = 'profile';

/** Words that YAML would not read as text. */
const NOT_PLAIN = /^(?:true|false|null|~)$/i;
const PLAIN = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** The text with `retention.profile` set. The document is what the text was parsed to. */
export function withProfile(text: string, { document }: ConfigDocument, profile: string): string {
  const setting = `${KEY}: ${written(profile)}`;
  const root = document.contents;
  if (!yaml().isMap(root)) return `${endWithLineFeed(text)}${SECTION}:\n  ${setting}\n`;
  const section = pairOf(root, SECTION);
  if (section === undefined) {
    if (root.flow === true) return splice(text, root.range[0] + 1, ` ${SECTION}: { ${setting} },`);
    return `${endWithLineFeed(text)}${SECTION}:\n  ${setting}\n`;
  }
  const { key, value } = section;
  if (!yaml().isMap(value)) return splice(text, endOfLine(text, key.range[1]), `\n  ${setting}`);
  const known = pairOf(value, KEY)?.value;
  if (yaml().isScalar(known)) return splice(text, known.range[0], written(profile), known.range[1]);
  if (value.flow === true) return splice(text, value.range[0] + 1, ` ${setting}${value.items.length > 0 ? ',' : ' '}`);
  const start = value.range[0];
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  return splice(text, start, `${setting}\n${indent}`);
}

function pairOf(map: ParsedNode, name: string): Pair<ParsedNode, ParsedNode | null> | undefined {
  if (!yaml().isMap(map)) return undefined;
  return map.items.find(({ key }) => yaml().isScalar(key) && key.value === name);
}

function splice(text: string, start: number, insert: string, end = start): string {
  return text.slice(0, start) + insert + text.slice(end);
}

/** Behind a comment that may stand there. */
function endOfLine(text: string, offset: number): number {
  const [rest = ''] = /[^\r\n]*/.exec(text.slice(offset)) ?? [];
  return offset + rest.length;
}

function endWithLineFeed(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function written(name: string): string {
  return PLAIN.test(name) && !NOT_PLAIN.test(name) ? name : JSON.stringify(name);
}
