/** Completion scripts for shells, made from the tree of commands and their flags. Pure but for loading the commands. */
import type { CommandGroup, CommandNode } from './command.js';
import { COMMON_FLAGS, type Flag } from './flags.js';
import { childrenOf, isLeaf } from './resolve-command.js';

export type Shell = 'bash' | 'zsh' | 'fish';

export const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** One place in the tree, and what can be typed there. */
interface Place {
  /** The words behind `gait`: `run session append`. */
  readonly words: string;
  readonly children: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly Flag[];
}

/** The script that makes a shell complete `gait`. */
export async function completionScript(tree: CommandGroup, shell: Shell): Promise<string> {
  const places = await placesOf(tree, '');
  switch (shell) {
    case 'bash':
      return bash(places);
    case 'zsh':
      return zsh(places);
    case 'fish':
      return fish(places);
  }
}

async function placesOf(node: CommandNode, words: string): Promise<Place[]> {
  const flags = isLeaf(node) ? (await node.load()).flags : [];
  const children = childrenOf(node);
  const below = await Promise.all(
    children.map(async (child) => placesOf(child, words === '' ? child.name : `${words} ${child.name}`)),
  );
  return [{ words, children, flags: [...flags, ...COMMON_FLAGS] }, ...below.flat()];
}

/** Where a flag's value is the path of something, files are completed. */
const PATHS = /FILE|PATH|DIR/;

const valued = (places: readonly Place[], isWanted: (value: string) => boolean): string[] => [
  ...new Set(
    places.flatMap(({ flags }) =>
      flags.flatMap(({ name, value }) => (value !== undefined && isWanted(value) ? [`--${name}`] : [])),
    ),
  ),
];

/** Finds the place by the words that are no flags and no values of flags. */
function bash(places: readonly Place[]): string {
  const cases = places.map(
    ({ words, children, flags }) =>
      `    ${quoted(words)}) words=${quoted(children.map(({ name }) => name).join(' '))}; flags=${quoted(flags.map(({ name }) => `--${name}`).join(' '))} ;;`,
  );
  return `# gait completion for bash: put it into ~/.bashrc as  source <(gait completion bash)
_gait_place() {
  local words='' flags=''
  case "$1" in
${cases.join('\n')}
    *) return 1 ;;
  esac
  GAIT_WORDS=$words
  GAIT_FLAGS=$flags
}
_gait() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} place='' word i
  local valued=' ${valued(places, () => true).join(' ')} ' paths=' ${valued(places, (value) => PATHS.test(value)).join(' ')} '
  COMPREPLY=()
  if [[ $paths == *" $prev "* ]]; then
    COMPREPLY=($(compgen -f -- "$cur"))
    return
  fi
  [[ $valued == *" $prev "* ]] && return
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $valued == *" $word "* ]]; then ((i++)); continue; fi
    [[ $word == -* ]] && continue
    _gait_place "\${place:+$place }$word" || break
    place=\${place:+$place }$word
  done
  _gait_place "$place"
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$GAIT_FLAGS" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$GAIT_WORDS" -- "$cur"))
    [[ \${#COMPREPLY[@]} -eq 0 && -n $place ]] && COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -o filenames -F _gait gait`;
}

function zsh(places: readonly Place[]): string {
  const cases = places.map(({ words, children, flags }) => {
    const described = children.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(' ');
    const options = flags.map(({ name, help }) => quoted(`--${name}:${help.replaceAll(':', '\\:')}`)).join(' ');
    return `    ${quoted(words)}) children=(${described}); flags=(${options}) ;;`;
  });
  return `#compdef gait
# gait completion for zsh: put it into a folder of $fpath as  gait completion zsh > ~/.zfunc/_gait
_gait() {
  local place='' word prev=\${words[CURRENT-1]} i
  local -a children flags valued paths
  valued=(${valued(places, () => true).join(' ')})
  paths=(${valued(places, (value) => PATHS.test(value)).join(' ')})
  if (( \${paths[(Ie)$prev]} )); then
    _files
    return
  fi
  (( \${valued[(Ie)$prev]} )) && return
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if (( \${valued[(Ie)$word]} )); then ((i++)); continue; fi
    [[ $word == -* ]] && continue
    _gait_place "\${place:+$place }$word" || break
    place="\${place:+$place }$word"
  done
  _gait_place "$place"
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe -o flag flags
  elif (( \${#children} )); then
    _describe command children
  else
    _files
  fi
}
_gait_place() {
  case "$1" in
${cases.join('\n')}
    *) return 1 ;;
  esac
}
# Loaded from $fpath, this file is the function itself and is already being asked.
if [[ \${funcstack[1]} == _gait ]]; then _gait; else compdef _gait gait; fi`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ words, children, flags }) => {
    const here = `-n ${quoted(`__gait_at ${quoted(words)}`)}`;
    return [
      ...children.map(({ name, summary }) => `complete -c gait ${here} -a ${quoted(name)} -d ${quoted(summary)}`),
      ...flags.map(
        ({ name, value, help }) =>
          `complete -c gait ${here} -l ${name}${value === undefined ? '' : PATHS.test(value) ? ' -rF' : ' -x'} -d ${quoted(help)}`,
      ),
    ];
  });
  return `# gait completion for fish: gait completion fish > ~/.config/fish/completions/gait.fish
set -g __gait_valued ${valued(places, () => true).join(' ')}
set -g __gait_places ${places.map(({ words }) => quoted(words)).join(' ')}
function __gait_at
  set -l place ''
  set -l skip 0
  for word in (commandline -opc)[2..]
    if test $skip = 1
      set skip 0
      continue
    end
    if contains -- $word $__gait_valued
      set skip 1
      continue
    end
    string match -q -- '-*' $word; and continue
    set -l next (string trim -- "$place $word")
    contains -- $next $__gait_places; or break
    set place $next
  end
  test "$place" = "$argv[1]"
end
complete -c gait -f
${lines.join('\n')}`;
}

/** For any shell: nothing is special within single quotes but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
