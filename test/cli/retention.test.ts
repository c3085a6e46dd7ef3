import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startSession } from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, snapshot, type GaitResult } from './gait.js';

function configFile(text: string): string {
  const path = join(tempDir(), 'config.yaml');
  writeFileSync(path, text);
  return path;
}

async function show(config: string, ...more: readonly string[]): Promise<Record<string, unknown>> {
  const { code, json } = await gait(['retention', 'show', '--config', config, ...more, '--json']);
  expect(code).toBe(0);
  return json;
}

async function set(config: string, name: string): Promise<GaitResult> {
  return gait(['retention', 'set', name, '--config', config, '--json']);
}

describe('gait retention profiles', () => {
  test('lists what is built in and what is configured, with where it is from', async () => {
    const config = configFile('retention:\n  profiles:\n    ours:\n      trace: { max_age: 90d, max_bytes: 1GiB }\n');
    const { code, json } = await gait(['retention', 'profiles', '--config', config, '--json']);
    expect(code).toBe(0);
    const profiles = json['profiles'] as { name: string; source: string }[];
    expect(profiles.map(({ name, source }) => [name, source])).toEqual([
      ['long', 'built_in'],
      ['medium', 'built_in'],
      ['ours', 'config'],
      ['regulated', 'built_in'],
      ['short', 'built_in'],
    ]);
    expect(profiles[2]).toEqual({
      name: 'ours',
      source: 'config',
      path: config,
      line: 3,
      rules: { trace: { max_age_ms: 90 * 86_400_000, max_bytes: 2 ** 30 } },
    });
  });

  test('prints a row for each rule', async () => {
    const config = configFile('retention:\n  profiles:\n    ours:\n      trace: { max_age: 90d, max_bytes: 1GiB }\n');
    const { stdout } = await gait(['retention', 'profiles', '--config', config]);
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows).toContainEqual(['ours', 'trace', '90d', 'unlimited', '1.0 GiB', '-', '-', `${config}:3`]);
    expect(rows).toContainEqual(['regulated', 'session', '7y', 'unlimited', 'unlimited', '-', '3d', 'built in']);
  });
});

describe('gait retention show', () => {
  test('says that nothing is pruned where nobody chose', async () => {
    const report = await show(configFile('gate:\n  policy: p\n'));
    expect(report).toMatchObject({ ok: true, chosen_by: 'nobody' });
    expect(report).not.toHaveProperty('profile');
  });

  test('names the line of the configuration that chose', async () => {
    const config = configFile('# ours\nretention:\n  profile: short\n');
    expect(await show(config)).toMatchObject({
      chosen_by: 'config',
      config_path: config,
      config_line: 3,
      profile: { name: 'short', source: 'built_in' },
    });
  });

  test('lets the flag win, and says so', async () => {
    const report = await show(configFile('retention:\n  profile: short\n'), '--profile', 'long');
    expect(report).toMatchObject({ chosen_by: 'caller', profile: { name: 'long' } });
    expect(report).not.toHaveProperty('config_line');
  });

  test('counts the sessions of a root that name a profile of their own, past journals that cannot be read', async () => {
    const root = tempDir();
    await startSession(join(root, 'a.jsonl'), { session_id: 'a', run_id: 'r' }, { retentionProfile: 'regulated' });
    await startSession(join(root, 'b.jsonl'), { session_id: 'b', run_id: 'r' });
    writeFileSync(join(root, 'c.jsonl'), 'not a journal\n');
    const before = snapshot(root);
    const report = await show(configFile(''), '--root', root);
    expect(report['own_profiles']).toEqual([{ profile: 'regulated', sessions: 1 }]);
    expect(snapshot(root)).toEqual(before);
  });

  test.each([
    ['a wrong configuration', 'retention:\n  profile: shrot\n', [], 'INVALID_CONFIG'],
    ['a profile that is not known', '', ['--profile', 'shrot'], 'INVALID_ARGUMENT'],
  ])('refuses %s', async (_what, text, more, code) => {
    const result = await gait(['retention', 'show', '--config', configFile(text), ...more, '--json']);
    expect([result.code, result.json['error_code']]).toEqual([6, code]);
  });

  test('refuses a configuration that is no text', async () => {
    const config = join(tempDir(), 'config.yaml');
    writeFileSync(config, Buffer.from([0x72, 0xff, 0x3a]));
    const result = await gait(['retention', 'show', '--config', config, '--json']);
    expect([result.code, result.json['error_code']]).toEqual([6, 'INVALID_CONFIG']);
  });

  test('refuses a configuration that is named and not there', async () => {
    const result = await gait(['retention', 'show', '--config', join(tempDir(), 'none.yaml'), '--json']);
    expect([result.code, result.json['error_code']]).toEqual([6, 'FILE_NOT_FOUND']);
  });
});

describe('gait retention set', () => {
  test.each([
    ['an empty file', '', 'retention:\n  profile: long\n'],
    ['comments alone', '# ours\n', '# ours\nretention:\n  profile: long\n'],
    ['other sections', 'gate:\n  policy:   p # why\n', 'gate:\n  policy:   p # why\nretention:\n  profile: long\n'],
    ['no line feed at the end', 'gate: {}', 'gate: {}\nretention:\n  profile: long\n'],
    [
      'a profile in force',
      'retention:\n  profile:   short   # for now\n  # more\n',
      'retention:\n  profile:   long   # for now\n  # more\n',
    ],
    ['an empty section', 'retention:   # ours\n\ngate: {}\n', 'retention:   # ours\n  profile: long\n\ngate: {}\n'],
    [
      'a section without a profile',
      'retention:\n    # mine\n    profiles:\n        a: {}\n',
      'retention:\n    # mine\n    profile: long\n    profiles:\n        a: {}\n',
    ],
    ['a section in braces', 'retention: { profiles: {} }\n', 'retention: { profile: long, profiles: {} }\n'],
    ['an empty section in braces', 'retention: {}\n', 'retention: { profile: long }\n'],
    ['a file in braces', '{ gate: {} }\n', '{ retention: { profile: long }, gate: {} }\n'],
    ["the Go tool's limits", 'retention:\n  trace_ttl: 24h\n', 'retention:\n  profile: long\n  trace_ttl: 24h\n'],
    ['line feeds of another system', 'retention:\r\n  profile: short\r\n', 'retention:\r\n  profile: long\r\n'],
  ])('changes one value and nothing else: %s', async (_what, before, after) => {
    const config = configFile(before);
    const { code, json } = await set(config, 'long');
    expect([code, json['chosen_by']]).toEqual([0, 'config']);
    expect(readFileSync(config, 'utf8')).toBe(after);
    expect(await show(config)).toMatchObject({ profile: { name: 'long' }, chosen_by: 'config' });
  });

  test('makes the file and its folder', async () => {
    const config = join(tempDir(), '.gait', 'config.yaml');
    expect((await set(config, 'regulated')).code).toBe(0);
    expect(readFileSync(config, 'utf8')).toBe('retention:\n  profile: regulated\n');
  });

  test('writes down the profile that the limits only implied', async () => {
    const config = configFile('retention:\n  trace_ttl: 24h\n');
    await set(config, 'config');
    expect(readFileSync(config, 'utf8')).toBe('retention:\n  profile: config\n  trace_ttl: 24h\n');
  });

  test('takes a profile of the file, and none at all', async () => {
    const config = configFile('retention:\n  profiles:\n    "1.50": {}\n');
    expect((await set(config, '1.50')).json).toMatchObject({ profile: { name: '1.50' } });
    expect((await set(config, 'none')).json).not.toHaveProperty('profile');
    expect(readFileSync(config, 'utf8')).toBe('retention:\n  profile: none\n  profiles:\n    "1.50": {}\n');
  });

  test('keeps the permissions of the file, and a link a link', async () => {
    const config = configFile('retention:\n');
    chmodSync(config, 0o640);
    const link = join(tempDir(), 'link.yaml');
    symlinkSync(config, link);
    expect((await set(link, 'short')).code).toBe(0);
    expect(statSync(config).mode & 0o777).toBe(0o640);
    expect(readFileSync(config, 'utf8')).toContain('profile: short');
  });

  test('writes nothing when nothing changes', async () => {
    const config = configFile('retention:\n  profile: short\n');
    const { ino } = statSync(config);
    expect((await set(config, 'short')).code).toBe(0);
    expect(statSync(config).ino).toBe(ino);
  });

  test.each([
    ['a profile that is not known', 'retention:\n  profile: short\n', 'shrot', 'INVALID_ARGUMENT'],
    ['a wrong file', 'retention:\n  profile: short\n  x: 1\n', 'long', 'INVALID_CONFIG'],
    ['a section that is an alias', 'gate: &g {}\nretention: *g\n', 'long', 'INVALID_CONFIG'],
  ])('refuses %s and leaves the file alone', async (_what, text, name, code) => {
    const config = configFile(text);
    const result = await set(config, name);
    expect([result.code, result.json['error_code']]).toEqual([6, code]);
    expect(readFileSync(config, 'utf8')).toBe(text);
  });

  test('refuses to be called without a name', async () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'x'));
    const result = await gait(['retention', 'set', '--config', join(folder, 'x', 'c.yaml'), '--json']);
    expect([result.code, result.json['error_code']]).toEqual([6, 'INVALID_ARGUMENT']);
    expect(existsSync(join(folder, 'x', 'c.yaml'))).toBe(false);
  });
});
