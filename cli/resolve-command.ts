/** Finds the command that a command line names. Pure. */
import type { CommandGroup, CommandLeaf, CommandNode } from './command.js';
import { isFlag } from './flags.js';

/** How far into the tree the words of a command line lead. */
export interface Resolution {
  /** The names from the root to the node: `['gait', 'run', 'session']`. */
  readonly path: readonly string[];
  readonly node: CommandNode;
  /** The arguments behind the names. */
  readonly rest: readonly string[];
}

/** Follows the leading words of `argv` down the tree, up to a command, a flag or a word that no child has. */
export function resolveCommand(tree: CommandGroup, argv: readonly string[]): Resolution {
  const path = [tree.name];
  let node: CommandNode = tree;
  let used = 0;
  for (const word of argv) {
    if (isFlag(word)) break;
    const child: CommandNode | undefined = childrenOf(node).find(({ name }) => name === word);
    if (child === undefined) break;
    path.push(child.name);
    node = child;
    used++;
  }
  return { path, node, rest: argv.slice(used) };
}

export function isLeaf(node: CommandNode): node is CommandLeaf {
  return 'load' in node;
}

export function childrenOf(node: CommandNode): readonly CommandNode[] {
  return node.children ?? [];
}
