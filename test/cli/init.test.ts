import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configText } from '../../cli/init-config.js';
import { describePolicy } from '../../src/index.js';
import { complaints, undeclaredKeys } from '../schemas/schema-files.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, snapshot } from './gait.js';

function flagsFor(folder: string): string[] {
  return [
    '--root',
    join(folder, 's'),
    '--config',
    join(folder, '.gait', 'config.yaml'),
    '--out-dir',
    join(folder, 'k'),
  ];
}

function policyOf(text: string): ReturnType<typeof describePolicy> {
  const path = join(tempDir(), 'config.yaml');
  writeFileSync(path, text);
  return describePolicy({ config: path });
}

describe('init', () => {
  test('makes a configuration, keys and a root that the doctor has nothing against', async () => {
    const folder = tempDir();
    const { code, json } = await gait(['init', ...flagsFor(folder), '--json']);
    const { operation: _operation, correlation_id: _id, ...result } = json;
    expect([complaints('init-result', result), undeclaredKeys('init-result', result)]).toEqual([[], []]);
    const items = json['items'] as readonly { readonly item: string; readonly action: string }[];
    expect([code, items.map(({ item, action }) => [item, action])]).toEqual([
      0,
      [
        ['config', 'created'],
        ['keys', 'created'],
        ['root', 'created'],
      ],
    ]);
    expect(statSync(join(folder, 'k', 'gait_private.key')).mode & 0o777).toBe(0o600);
    const [root, config] = [join(folder, 's'), join(folder, '.gait', 'config.yaml')];
    const keys = [
      '--private-key',
      join(folder, 'k', 'gait_private.key'),
      '--public-key',
      join(folder, 'k', 'gait_public.key'),
    ];
    const found = await gait(['doctor', '--json', '--root', root, '--config', config, ...keys]);
    const checks = found.json['checks'] as readonly { readonly name: string; readonly status: string }[];
    const ours = new Set(['root', 'config', 'retention', 'key_permissions', 'key_config', 'holds', 'journals']);
    expect(checks.filter(({ name, status }) => ours.has(name) && status !== 'pass')).toEqual([]);
  });

  test('overwrites nothing, whatever is there', async () => {
    const folder = tempDir();
    await gait(['init', ...flagsFor(folder)]);
    writeFileSync(join(folder, '.gait', 'config.yaml'), '# mine\n');
    const before = snapshot(folder);
    const { code, stdout } = await gait(['init', ...flagsFor(folder), '--profile', 'short']);
    expect(code).toBe(0);
    expect(stdout.match(/kept/g)).toHaveLength(3);
    expect(snapshot(folder)).toEqual(before);
  });

  test('says what to type next, and that works', async () => {
    const folder = tempDir();
    const { stdout } = await gait(['init', ...flagsFor(folder)]);
    const commands = [...stdout.matchAll(/^ {2}gait (.*)$/gm)].map(([, line = '']) => line.split(' '));
    expect(commands).toHaveLength(5);
    for (const command of commands) {
      const { code, stderr } = await gait(command);
      expect([command.join(' '), code, stderr]).toEqual([command.join(' '), 0, expect.any(String)]);
    }
  });

  test('refuses a profile that is none, before anything is made', async () => {
    const folder = tempDir();
    const { code, json } = await gait(['init', ...flagsFor(folder), '--profile', 'meduim', '--json']);
    expect([code, json['error_code'], json['hint']]).toEqual([
      6,
      'INVALID_ARGUMENT',
      expect.stringContaining('medium'),
    ]);
    expect(existsSync(join(folder, '.gait'))).toBe(false);
  });
});

describe('the configuration that init writes', () => {
  test('prunes nothing, and says so in a line of its own', () => {
    expect(policyOf(configText(undefined))).toMatchObject({ chosen_by: 'config' });
    expect(policyOf(configText(undefined)).profile).toBeUndefined();
  });

  test.each(['short', 'medium', 'long', 'regulated'])('puts %s in force when it is asked for', (name) => {
    expect(policyOf(configText(name)).profile?.name).toBe(name);
  });

  test('is still valid with its examples switched on', () => {
    const text = configText('ours').replaceAll(
      /^ {2}# ( {0,4}(?:profiles:|ours:|extends:|session:|export:).*)$/gm,
      '  $1',
    );
    expect(text).not.toContain('# profiles:');
    expect(policyOf(text).profile?.name).toBe('ours');
  });

  test('states the built-in limits as they are', () => {
    const text = configText(undefined);
    for (const { name, rules } of policyOf(text).profiles) {
      expect(text).toContain(`#   ${name} `);
      expect(JSON.stringify(rules)).not.toBe('{}');
    }
  });
});

test('the file on the disk is the one that is shown', async () => {
  const folder = tempDir();
  await gait(['init', ...flagsFor(folder), '--profile', 'medium']);
  expect(readFileSync(join(folder, '.gait', 'config.yaml'), 'utf8')).toBe(configText('medium'));
});
