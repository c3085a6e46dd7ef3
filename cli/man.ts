/** Manual pages in roff, from the same tables as help. Pure but for loading the commands. */
import type { CommandGroup } from './command.js';
import { EXIT_CODE_MEANINGS } from './exit-codes.js';
import { COMMON_FLAGS, type Flag } from './flags.js';
import { TOPICS } from './help-topics.js';
import { childrenOf, isLeaf, resolveCommand } from './resolve-command.js';

/** `gait-run-session-append(1)`, by the words behind `gait`; `gait(1)` without any. */
export async function manPage(tree: CommandGroup, words: readonly string[], version: string): Promise<string> {
  const { path, node } = resolveCommand(tree, words);
  const name = path.join('-');
  const command = isLeaf(node) ? await node.load() : undefined;
  const usage = command === undefined ? ['<command>'] : (command.positionals ?? []);
  const children = childrenOf(node);
  return [
    `.TH ${quoted(name.toUpperCase())} 1 "" ${quoted(`gait ${version}`)} "gait"`,
    ...section('NAME', [`${text(name)} \\- ${text(node.summary)}`]),
    ...section('SYNOPSIS', [`.B ${text(path.join(' '))}`, text([...usage, '[flags]'].join(' '))]),
    ...(children.length === 0
      ? []
      : section(
          'COMMANDS',
          children.flatMap((child) => entry(`${path.join(' ')} ${child.name}`, child.summary)),
        )),
    ...(command === undefined ? [] : section('OPTIONS', [...command.flags, ...COMMON_FLAGS].flatMap(option))),
    ...(command === undefined
      ? []
      : section(
          'EXAMPLES',
          command.examples.flatMap((line) => ['.PP', '.nf', text(`gait ${line}`), '.fi']),
        )),
    ...(path.length > 1
      ? []
      : ['concepts', 'files', 'environment'].flatMap((topic) => section(topic.toUpperCase(), topicEntries(topic)))),
    ...section(
      'EXIT STATUS',
      EXIT_CODE_MEANINGS.flatMap(([code, meaning]) => entry(String(code), meaning)),
    ),
    ...section('SEE ALSO', [
      seeAlso(
        path,
        children.map((child) => child.name),
      ),
    ]),
    '',
  ].join('\n');
}

/** Every page by the name of its file. */
export async function manPages(tree: CommandGroup, version: string): Promise<Record<string, string>> {
  const pages = allWords(tree).map(async (line) => {
    const words = line === '' ? [] : line.split(' ');
    return [`${[tree.name, ...words].join('-')}.1`, await manPage(tree, words, version)] as const;
  });
  return Object.fromEntries(await Promise.all(pages));
}

/** The words of every command and group, the root's being none. */
export function allWords(tree: CommandGroup): string[] {
  const walk = (node: CommandGroup['children'][number], words: string): string[] => [
    words,
    ...childrenOf(node).flatMap((child) => walk(child, words === '' ? child.name : `${words} ${child.name}`)),
  ];
  return walk(tree, '');
}

/** A topic's table has its terms and meanings two blanks apart. */
function topicEntries(topic: string): string[] {
  const rows = (TOPICS[topic]?.() ?? '').split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, term = '', meaning = ''] = /^ {2}(.*?) {2,}(.*)$/.exec(row) ?? [];
    return entry(term, meaning);
  });
}

function option({ name, value, help }: Flag): string[] {
  return entry(`--${name}${value === undefined ? '' : ` ${value}`}`, help);
}

function entry(term: string, meaning: string): string[] {
  return ['.TP', `.B ${text(term)}`, text(meaning)];
}

function section(title: string, lines: readonly string[]): string[] {
  return [`.SH ${title}`, ...lines];
}

function seeAlso(path: readonly string[], children: readonly string[]): string {
  const pages = [...(path.length > 1 ? [path.slice(0, -1)] : []), ...children.map((name) => [...path, name])];
  return pages.map((words) => `\\fB${text(words.join('-'))}\\fR(1)`).join(',\n');
}

/** Text that roff takes as text: no escapes, no requests, and dashes that can be copied. */
function text(value: string): string {
  const escaped = value.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

function quoted(value: string): string {
  return `"${text(value).replaceAll('"', '\\(dq')}"`;
}
