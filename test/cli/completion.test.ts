import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_TREE } from '../../cli/command-tree.js';
import { childrenOf, isLeaf } from '../../cli/resolve-command.js';
import type { CommandNode } from '../../cli/command.js';
import { tempDir } from '../support/temp-dir.js';
import { gait } from './gait.js';

let folder: string;

beforeAll(async () => {
  folder = tempDir();
  writeFileSync(join(folder, 'gait.bash'), (await gait(['completion', 'bash'])).stdout);
  writeFileSync(join(folder, 'journal.jsonl'), '');
  mkdirSync(join(folder, 'sessions'));
});

/** What bash offers behind a command line; the last word is the one being typed. */
function offered(...words: readonly string[]): string[] {
  const script = `
    cd "$1"; shift; source ./gait.bash
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gait; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script, 'bash', folder, 'gait', ...words], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

function places(node: CommandNode, words: readonly string[] = []): [string[], CommandNode][] {
  return [[[...words], node], ...childrenOf(node).flatMap((child) => places(child, [...words, child.name]))];
}

describe('completion in a real bash', () => {
  test.each(places(COMMAND_TREE))('behind %j come its commands and its flags', async (words, node) => {
    const names = childrenOf(node).map(({ name }) => name);
    if (names.length > 0) expect(offered(...words, '')).toEqual(names);
    const flags = isLeaf(node) ? (await node.load()).flags : [];
    expect(offered(...words, '--')).toEqual(
      expect.arrayContaining(['--json', ...flags.map(({ name }) => `--${name}`)]),
    );
  });

  test('completes what is begun, files for flags that take one, and knows values from words', () => {
    expect(offered('run', 'session', 'ch')).toEqual(['checkpoint']);
    expect(offered('verify', '--public')).toEqual(['--public-key', '--public-key-env']);
    expect(offered('run', 'session', 'show', '--journal', 'jour')).toEqual(['journal.jsonl']);
    expect(offered('run', 'session', 'show', '--root', 'sess')).toEqual(['sessions']);
    expect(offered('run', 'session', 'append', '--verdict', '')).toEqual([]);
    expect(offered('run', 'session', 'append', '--tool', 'verify', '--verd')).toEqual(['--verdict']);
    expect(offered('verify', 'jour')).toEqual(['journal.jsonl']);
  });
});

describe('completion', () => {
  test.each(['zsh', 'fish'])('for %s names every command and every flag', async (shell) => {
    const { stdout } = await gait(['completion', shell]);
    for (const [words, node] of places(COMMAND_TREE)) {
      expect(stdout).toContain(`'${words.join(' ')}'`);
      if (!isLeaf(node)) continue;
      for (const { name } of (await node.load()).flags) expect(stdout).toMatch(new RegExp(`(--|-l )${name}\\b`));
    }
  });

  test('for another shell is refused', async () => {
    for (const args of [['completion', 'bsh'], ['completion']]) {
      expect(await gait([...args, '--json'])).toMatchObject({ code: 6, json: { error_code: 'INVALID_ARGUMENT' } });
    }
    expect((await gait(['completion', 'bsh', '--json'])).json['hint']).toBe('did you mean bash?');
  });
});
