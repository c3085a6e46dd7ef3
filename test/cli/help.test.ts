import { describe, expect, test } from 'vitest';
import { VERSION } from '../../src/index.js';
import { COMMAND_TREE } from '../../cli/command-tree.js';
import type { CommandLeaf, CommandNode } from '../../cli/command.js';
import { COMMON_FLAGS, parseFlags } from '../../cli/flags.js';
import { childrenOf, isLeaf, resolveCommand } from '../../cli/resolve-command.js';
import { gait } from './gait.js';

/** Every node of the tree with its words. */
function nodes(node: CommandNode = COMMAND_TREE, path: readonly string[] = []): [string[], CommandNode][] {
  return [[[...path], node], ...childrenOf(node).flatMap((child) => nodes(child, [...path, child.name]))];
}

/** Help without its line breaks. */
const unwrapped = (text: string): string => text.replace(/\s+/g, ' ');

const leaves = nodes().filter((entry): entry is [string[], CommandLeaf] => isLeaf(entry[1]));

describe('help', () => {
  test.each(nodes())('%j is explained by --help, -h, help and --explain', async (path, node) => {
    const { code, stdout } = await gait([...path, '--help']);
    expect([code, unwrapped(stdout)]).toEqual([0, expect.stringContaining(node.summary)]);
    expect((await gait([...path, '-h'])).stdout).toBe(stdout);
    expect((await gait(['help', ...path])).stdout).toBe(stdout);
    expect(await gait([...path, '--explain'])).toMatchObject({ code: 0, stdout: `${node.summary}\n` });
    expect((await gait([...path, '--explain', '--json'])).json).toMatchObject({ ok: true, explain: node.summary });
  });

  test.each(leaves)('%j shows every flag and an example that it understands', async (path, leaf) => {
    const { stdout } = await gait([...path, '--help']);
    const command = await leaf.load();
    for (const { name, help } of [...command.flags, ...COMMON_FLAGS]) {
      expect(stdout).toContain(`--${name}`);
      expect(help).not.toBe('');
    }
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) {
      expect(stdout).toContain(`gait ${example}`);
      const { node, rest } = resolveCommand(COMMAND_TREE, example.replace(/ <.*/, '').split(' '));
      expect(node.name).toBe(leaf.name);
      parseFlags(rest, [...command.flags, ...COMMON_FLAGS]);
    }
  });

  test.each([
    ['exit-codes', ['0', '1', '2', '6', '7', '130', '143']],
    ['concepts', ['journal', 'checkpoint', 'receipt', 'note']],
    ['files', ['.gait/config.yaml', 'ID_chain.json', 'ID.jsonl.gait/torn/']],
    ['environment', ['NO_COLOR', 'GAIT_CORRELATION_ID', 'GAIT_SESSION_LOCK_TIMEOUT', 'GAIT_SESSION_LOCK_PROFILE']],
  ])('help %s', async (topic, words) => {
    const { code, stdout } = await gait(['help', topic]);
    expect(code).toBe(0);
    for (const word of words) expect(stdout).toMatch(new RegExp(`^ {2}${word.replaceAll('.', '\\.')} `, 'm'));
  });

  test('no flag is declared twice', async () => {
    for (const [, leaf] of leaves) {
      const names = [...(await leaf.load()).flags, ...COMMON_FLAGS].map(({ name }) => name);
      expect(names).toEqual([...new Set(names)]);
    }
  });
});

describe('manual pages', () => {
  test.each(nodes())(
    'of %j hold what help says, and no line that roff would take for a request',
    async (path, node) => {
      const { code, stdout } = await gait(['help', ...path, '--man']);
      expect(code).toBe(0);
      const lines = stdout.trimEnd().split('\n');
      expect(lines[0]?.replaceAll('\\-', '-')).toContain(`.TH "${['gait', ...path].join('-').toUpperCase()}" 1 `);
      expect(lines.filter((line) => /^[.']/.test(line) && !/^\.(TH|SH|TP|B|PP|nf|fi)\b/.test(line))).toEqual([]);
      const text = unwrapped(stdout.replaceAll('\\-', '-'));
      expect(text).toContain(node.summary);
      if (isLeaf(node)) for (const { name } of (await node.load()).flags) expect(text).toContain(`.B --${name}`);
    },
  );

  test('can be made for every command: help lists them', async () => {
    const { json } = await gait(['help', '--json']);
    expect(json['commands']).toEqual(nodes().map(([path]) => path.join(' ')));
    const { pages } = (await gait(['help', '--man', '--json'])).json as { pages: Record<string, string> };
    expect(Object.keys(pages).toSorted()).toEqual(
      nodes()
        .map(([path]) => `${['gait', ...path].join('-')}.1`)
        .toSorted(),
    );
    expect(`${pages['gait-run-session-append.1']?.trimEnd()}\n`).toBe(
      (await gait(['help', 'run', 'session', 'append', '--man'])).stdout,
    );
  });
});

describe('version', () => {
  test('is what no argument prints, and --version', async () => {
    for (const args of [[], ['version'], ['--version']]) {
      expect(await gait(args)).toMatchObject({ code: 0, stdout: `gait ${VERSION}\n`, stderr: '' });
    }
    const { json } = await gait(['version', '--json']);
    expect(json).toMatchObject({ ok: true, operation: 'version', version: VERSION, node: process.version });
  });
});
