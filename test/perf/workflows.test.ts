import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { repositoryRoot } from '../support/paths.js';

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly uses?: string; readonly run?: string }[] }>
  >;
}

const dir = join(repositoryRoot, '.github', 'workflows');
const { scripts } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
const ci = readFileSync(join(repositoryRoot, '.ci', 'run'), 'utf8');

test('there is one workflow for every change and one for the night', () => {
  expect(readdirSync(dir)).toEqual(expect.arrayContaining(['ci.yml', 'nightly-soak.yml']));
});

describe.each(readdirSync(dir))('%s', (file) => {
  const text = readFileSync(join(dir, file), 'utf8');
  const workflow = parse(text) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  test('pins every action by commit, and says which version that is', () => {
    const used = [...text.matchAll(/uses: (.*)$/gm)].map(([, action = '']) => action);
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([]);
  });

  test('may only read', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
  });

  test('runs what the scripts run', () => {
    const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run])).join('\n');
    expect(commands).toMatch(/\.ci\/run|npm run nightly/);
    expectScripts(commands);
  });
});

test('.ci/run runs the short forms of the lab, and every script that it names is there', () => {
  for (const name of ['bench', 'drift', 'soak']) expect(ci).toContain(`npm run ${name} -- --quick`);
  expectScripts(ci);
});

function expectScripts(commands: string): void {
  const named = [...commands.matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
}
