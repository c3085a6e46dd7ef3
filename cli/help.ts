/**
 * Help texts, drawn by commander from the same tables that drive the parser.
 *
 * Commander is loaded for this alone. It cannot read the Go tool's flags (`-journal`, `--json=false`, values that begin
 * with a dash), and loading it takes a fifth of the time that Node takes to start, which every append would pay.
 */
import { Command as Drawing } from 'commander';
import { GaitError } from '../src/errors.js';
import type { CommandGroup } from './command.js';
import { COMMON_FLAGS, type Flag } from './flags.js';
import { childrenOf, isLeaf, resolveCommand } from './resolve-command.js';
import { TOPICS } from './help-topics.js';
import { didYouMean } from './suggest.js';

/**
 * The text for `gait help WORDS`: a topic, or a command by its words.
 *
 * @throws GaitError INVALID_ARGUMENT for words that name neither
 */
export async function helpOn(tree: CommandGroup, words: readonly string[]): Promise<string> {
  const topic = words.length === 1 ? words[0] : undefined;
  if (topic !== undefined && Object.hasOwn(TOPICS, topic)) return TOPICS[topic]?.() ?? '';
  const { path, node, rest } = resolveCommand(tree, words);
  const [unknown] = rest;
  if (unknown === undefined) return await helpText(tree, path);
  const known = childrenOf(node).map(({ name }) => name);
  if (path.length === 1) known.push(...Object.keys(TOPICS));
  throw new GaitError('INVALID_ARGUMENT', `no help on ${JSON.stringify(words.join(' '))}`, {
    hint: didYouMean(unknown, known) ?? `see gait help; topics: ${Object.keys(TOPICS).join(', ')}`,
    details: { topic: unknown },
  });
}

/** The help of one command or group, by its names from the root. */
export async function helpText(tree: CommandGroup, path: readonly string[]): Promise<string> {
  const { node } = resolveCommand(tree, path.slice(1));
  const drawing = new Drawing(path.join(' ')).description(node.summary).helpOption(false).helpCommand(false);
  for (const child of childrenOf(node)) drawing.command(child.name).description(child.summary).helpOption(false);
  if (isLeaf(node)) {
    const { flags, positionals = [], examples } = await node.load();
    drawing.usage([...positionals, '[flags]'].join(' '));
    for (const flag of [...flags, ...COMMON_FLAGS]) drawing.option(spell(flag), flag.help);
    return `${drawing.helpInformation()}\nExamples:\n${examples.map((line) => `  $ gait ${line}`).join('\n')}`;
  }
  drawing.usage('<command> [flags]');
  const more =
    path.length === 1
      ? `, ${Object.keys(TOPICS)
          .map((topic) => `gait help ${topic}`)
          .join(', ')}`
      : '';
  return `${drawing.helpInformation()}\nMore: ${path.join(' ')} <command> --help${more}`;
}

function spell(flag: Flag): string {
  return flag.value === undefined ? `--${flag.name}` : `--${flag.name} <${flag.value}>`;
}
