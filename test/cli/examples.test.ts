/**
 * Every example of every `--help`, run as printed: it does its work, and what it prints with --json, and what any command
 * prints when it fails, keeps to the published schema of the command.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_TREE } from '../../cli/command-tree.js';
import type { CommandLeaf, CommandNode } from '../../cli/command.js';
import { childrenOf, isLeaf } from '../../cli/resolve-command.js';
import { tempDir } from '../support/temp-dir.js';
import { complaints, outputComplaints, schemaOf, undeclaredKeys } from '../schemas/schema-files.js';
import { prepareExamples, runExample } from './example-folder.js';
import { gait, parseLines } from './gait.js';

function leavesOf(node: CommandNode, words: readonly string[] = []): [string, CommandLeaf][] {
  const below = childrenOf(node).flatMap((child) => leavesOf(child, [...words, child.name]));
  return isLeaf(node) ? [[words.join(' '), node], ...below] : below;
}

const leaves = leavesOf(COMMAND_TREE);
const commands = await Promise.all(leaves.map(async ([words, leaf]) => [words, await leaf.load()] as const));
const examples = commands.flatMap(([words, command]) =>
  command.examples.map((example) => [`gait ${example}`, words] as const),
);

/** Definitions of the schema that are no command. */
const SHARED = ['result', 'hold', 'trace', 'explanation'];

const definitionOf = (words: string): string => words.replaceAll(' ', '-');

/** Nobody but Ctrl-C ends what follows a journal. */
const exitOfExample = (line: string): number => (line.includes(' --follow') ? 130 : 0);

let prepared: string;

beforeAll(async () => {
  prepared = await prepareExamples();
}, 120_000);

test('the schema of outputs has every command, and nothing else', () => {
  const defined = Object.keys(schemaOf('command-output').$defs ?? {}).filter((name) => !SHARED.includes(name));
  expect(defined.toSorted()).toEqual(leaves.map(([words]) => definitionOf(words)).toSorted());
});

test('a field that the schema of a command does not list, or one that is missing, is found', () => {
  const printed = { ok: true, operation: 'version', correlation_id: 'c', version: '1', node: 'v20' };
  expect(outputComplaints('version', printed)).toEqual([]);
  expect(outputComplaints('version', { ...printed, more: 1 })).not.toEqual([]);
  expect(outputComplaints('version', { ...printed, node: undefined })).not.toEqual([]);
  expect(outputComplaints('run-session-list', { ...printed, root: 'r', sessions: [{ ok: true }] })).not.toEqual([]);
});

describe.each(examples)('%s', (line, words) => {
  test('works as printed, and its JSON keeps to its schema', { timeout: 60_000 }, async () => {
    const asked = isAskedElsewhere(line, words) ? [line] : [line, withJson(line)];
    for (const one of asked) {
      const { code, stdout, stderr } = await runExample(prepared, one);
      expect({ line: one, code, stdout, stderr }).toMatchObject({ code: exitOfExample(line) });
      if (!one.includes(' --json')) continue;
      const objects = parseLines(stdout);
      if (!line.includes(' -n 0')) expect(objects.length).toBeGreaterThan(0);
      for (const object of objects) expect(outputComplaints(definitionOf(words), object)).toEqual([]);
    }
  });
});

describe.each(leaves)('gait %s --json', (words) => {
  const args = words.split(' ');

  test('prints an error by the schema, for a flag that there is not and for a value that is empty', async () => {
    for (const wrong of ['--no-such-flag', '--correlation-id']) {
      const { code, json } = await gait([...args, '--json', wrong]);
      expect(code).toBe(6);
      expect([complaints('error-envelope', json), undeclaredKeys('error-envelope', json)]).toEqual([[], []]);
    }
  });

  test('explains itself by the schema', async () => {
    expect(outputComplaints('explanation', (await gait([...args, '--json', '--explain'])).json)).toEqual([]);
    expect(outputComplaints('help', (await gait([...args, '--json', '--help'])).json)).toEqual([]);
  });
});

/** Those that read something which may not be there. */
const READERS = leaves
  .map(([words]) => words)
  .filter((words) => /^(run|verify|prove|prune|hold|erase|trace v|timel|report)/.test(words));

test.each(READERS)('gait %s --json keeps to the schemas when there is nothing of that name', async (words) => {
  const nothing = join(tempDir(), 'none');
  const flags = commands.find(([name]) => name === words)?.[1].flags.map(({ name }) => name) ?? [];
  const target = ['journal', 'root', 'run', 'chain'].find((name) => flags.includes(name));
  const { json } = await gait([
    ...words.split(' '),
    ...(target === undefined ? [] : [`--${target}`]),
    nothing,
    '--json',
  ]);
  if (json['error_code'] === undefined) {
    expect(outputComplaints(definitionOf(words), json)).toEqual([]);
  } else {
    expect([complaints('error-envelope', json), undeclaredKeys('error-envelope', json)]).toEqual([[], []]);
  }
});

/** Whether this example, or another one of its command, asks for JSON. */
function isAskedElsewhere(line: string, words: string): boolean {
  return line.includes('--format') || examples.some(([other, of]) => of === words && other.includes(' --json'));
}

/** The same command, asked for JSON. */
function withJson(line: string): string {
  return line.includes(' < ') ? line.replace(' < ', ' --json < ') : `${line} --json`;
}
