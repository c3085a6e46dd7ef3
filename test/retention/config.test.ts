import { describe, expect, test } from 'vitest';
import { GaitError, isGaitError } from '../../src/errors.js';
import { parseRetentionConfig, type RetentionConfig } from '../../src/retention/config.js';
import type { RetentionProfile } from '../../src/retention/types.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function parse(text: string): RetentionConfig {
  return parseRetentionConfig(text, 'c.yaml');
}

function rulesOf(text: string, name = 'ours'): RetentionProfile['rules'] | undefined {
  return parse(text).profiles.find((profile) => profile.name === name)?.rules;
}

/** A configuration with one profile, `ours`, of these lines. The first of them is line 4. */
function ours(...lines: readonly string[]): string {
  return ['retention:', '  profiles:', '    ours:', ...lines.map((line) => `      ${line}`), ''].join('\n');
}

/** Where a configuration is refused: `key:line`. */
function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (!isGaitError(error) || error.code !== 'INVALID_CONFIG') throw error;
    expect(error.details['path']).toBe('c.yaml');
    return `${String(error.details['key'])}:${String(error.details['line'])}`;
  }
  throw new GaitError('INTERNAL', 'the configuration was accepted');
}

describe('a configuration', () => {
  test.each([
    '',
    '# nothing\n',
    'retention:\n',
    'retention: {}\n',
    'gate:\n  policy: p.yaml\n',
    'retention:\n  profiles:\n',
  ])('may say nothing: %j', (text) => {
    expect(parse(text)).toEqual({ path: 'c.yaml', profiles: [], choice: undefined });
  });

  test("leaves the Go tool's own sections unread", () => {
    const text = 'gate: &g\n  a: 1\nmcp_serve: *g\nretention:\n  profile: short\n';
    expect(parse(text).choice).toEqual({ name: 'short', line: 5, isImplied: false });
  });

  test('may choose to have no profile', () => {
    expect(parse('retention:\n  profile: none\n').choice?.name).toBe('none');
  });

  test.each([
    ['an unknown section', 'x: 1\nretention:\n', 'x:1'],
    ['an unknown key', 'retention:\n  profil: short\n', 'retention.profil:2'],
    ['an unknown kind', ours('sessions: { max_age: 1h }'), 'retention.profiles.ours.sessions:4'],
    ['an unknown rule', ours('session:', '  maxAge: 1h'), 'retention.profiles.ours.session.maxAge:5'],
    ['a key given twice', 'retention:\n  profile: short\n  profile: long\n', 'profile:3'],
    ['a tab', 'retention:\n\tprofile: short\n', 'profile:2'],
    ['an unknown profile', 'retention:\n  profile: shrot\n', 'retention.profile:2'],
    ['an unknown base', ours('extends: nobody'), 'retention.profiles.ours.extends:4'],
    ['a profile that extends itself', ours('extends: ours'), 'retention.profiles.ours.extends:4'],
    ['a name that is none', 'retention:\n  profiles:\n    "a b": {}\n', 'retention.profiles.a b:3'],
    ['a profile called none', 'retention:\n  profiles:\n    none: {}\n', 'retention.profiles.none:3'],
    ['a list', '- a\n', 'undefined:1'],
    ['a bare word', 'retention\n', 'undefined:1'],
    ['a section of the wrong type', 'retention: 7\n', 'retention:1'],
    ['a profile of the wrong type', 'retention:\n  profile: [short]\n', 'retention.profile:2'],
    ['no value', 'retention:\n  profile:\n', 'retention.profile:2'],
    ['a kind without rules', ours('session:'), 'retention.profiles.ours.session:4'],
    ['an alias', 'gate: &g short\nretention:\n  profile: *g\n', 'retention.profile:3'],
    ['an anchor', 'retention:\n  profile: &p short\n', 'retention.profile:2'],
    ['a tag', 'retention:\n  profile: !!str short\n', 'retention.profile:2'],
    ['a merge', 'gate: &g { profile: short }\nretention:\n  <<: *g\n', 'retention.<<:3'],
    ['a second document', 'retention:\n---\nretention:\n', 'undefined:2'],
    ['deep nesting', `gate: ${'['.repeat(20_000)}`, 'gate:1'],
    ['a file of another kind', `gate: "${'x'.repeat(70_000)}"`, 'undefined:1'],
  ])('with %s is refused by key and line', (_what, text, place) => {
    expect(refusal(text)).toBe(place);
  });

  test('of many anchors is refused at once, and never resolved', () => {
    const bomb = [
      'a: &a [x, x]',
      ...'bcdefghij'.split('').map((c, i) => `${c}: &${c} [*${'abcdefghij'[i]}, *${'abcdefghij'[i]}]`),
    ];
    expect(refusal(bomb.join('\n'))).toBe('a:1');
  });
});

describe('a value', () => {
  test.each([
    ['max_age: 90d', { maxAgeMs: 90 * DAY_MS }],
    ['max_age: 30d12h', { maxAgeMs: 30.5 * DAY_MS }],
    ['max_count: 10', { maxCount: 10 }],
    ['max_bytes: 10GB', { maxBytes: 10e9 }],
    ['max_bytes: 4096', { maxBytes: 4096 }],
    ['keep_last: "3"', { keepLast: 3 }],
    ['min_age: 1h', { minAgeMs: HOUR_MS }],
    ['max_age: unlimited', {}],
  ])('%s is read', (text, rule) => {
    expect(rulesOf(ours(`trace: { ${text} }`))?.trace).toEqual(rule);
  });

  test.each([
    'max_age: 0',
    'max_age: 0s',
    'max_age: -1h',
    'max_age: 90',
    'max_age: 90 d',
    'max_age: 1ns',
    'max_age: 9999999999y',
    'max_age: true',
    'max_age: [1h]',
    'max_age: Unlimited',
    'max_age:',
    'max_count: 0',
    'max_count: -3',
    'max_count: 1.5',
    'max_count: ten',
    'max_bytes: 0',
    'max_bytes: -1GB',
    'max_bytes: 1.5',
    'max_bytes: lots',
    'keep_last: 0',
    'keep_last: unlimited',
    'min_age: 0',
    'min_age: unlimited',
  ])('%s is refused by key and line', (text) => {
    expect(refusal(ours('trace:', `  ${text}`))).toBe(`retention.profiles.ours.trace.${text.split(':')[0]}:5`);
  });
});

describe('a profile', () => {
  test('has what it extends, with its own rules on top, key by key', () => {
    const rules = rulesOf(ours('extends: medium', 'session: { keep_last: 2 }', 'payload: { max_age: 7d }'));
    expect(rules).toEqual({
      session: { maxAgeMs: 336 * HOUR_MS, keepLast: 2, minAgeMs: 72 * HOUR_MS },
      trace: { maxAgeMs: 168 * HOUR_MS },
      export: { maxAgeMs: 168 * HOUR_MS },
      pack: { maxAgeMs: 168 * HOUR_MS },
      payload: { maxAgeMs: 7 * DAY_MS },
    });
  });

  test('gives sessions three days of grace, and packs the rule of exports, unless it says otherwise', () => {
    expect(rulesOf(ours('session: { max_age: 1d }', 'export: { max_age: 2d }'))).toEqual({
      session: { maxAgeMs: DAY_MS, minAgeMs: 72 * HOUR_MS },
      export: { maxAgeMs: 2 * DAY_MS },
      pack: { maxAgeMs: 2 * DAY_MS },
    });
    expect(rulesOf(ours('session: { min_age: 1s }', 'pack: { max_count: 3 }', 'export: { max_age: 2d }'))).toEqual({
      session: { minAgeMs: 1000 },
      export: { maxAgeMs: 2 * DAY_MS },
      pack: { maxCount: 3 },
    });
  });

  test('may extend one of the same file, in any order, but not in a circle', () => {
    const text = (a: string): string =>
      `retention:\n  profiles:\n    a: { extends: b, trace: { max_count: 2 } }\n    b: { extends: ${a}, trace: { max_age: 1d } }\n`;
    expect(rulesOf(text('short'), 'a')?.trace).toEqual({ maxAgeMs: DAY_MS, maxCount: 2 });
    expect(refusal(text('a'))).toBe('retention.profiles.b.extends:4');
  });

  test('with the name of a built-in one changes that one', () => {
    const text = 'retention:\n  profiles:\n    short: { session: { max_age: 96h } }\n';
    expect(rulesOf(text, 'short')?.session?.maxAgeMs).toBe(96 * HOUR_MS);
    expect(rulesOf(text, 'short')?.trace?.maxAgeMs).toBe(24 * HOUR_MS);
  });
});

describe('the regulated profile', () => {
  test.each([
    'session: { max_age: 10y, min_age: 30d }',
    'trace: { max_age: unlimited }',
    'export: { max_age: 8y }',
    'pack: { max_age: 7y, keep_last: 5 }',
    'payload: { max_age: 7y }',
  ])('may be extended: %s', (text) => {
    expect(rulesOf(ours('extends: regulated', text))).toBeDefined();
  });

  test.each([
    ['session: { max_age: 6y }', 'session.max_age'],
    ['session: { max_count: 1000000 }', 'session.max_count'],
    ['session: { max_bytes: 1PB }', 'session.max_bytes'],
    ['session: { min_age: 71h }', 'session.min_age'],
    ['pack: { max_age: 6y }', 'pack.max_age'],
    ['payload: { max_age: 1y }', 'payload.max_age'],
  ])('may not be shortened: %s', (text, key) => {
    expect(refusal(ours('extends: regulated', text))).toBe(`retention.profiles.ours.${key}:5`);
    const overriding = `retention:\n  profiles:\n    regulated: { ${text} }\n`;
    expect(refusal(overriding)).toBe(`retention.profiles.regulated.${key}:3`);
    const atADistance = `retention:\n  profiles:\n    a: { extends: regulated }\n    b: { extends: a, ${text} }\n`;
    expect(refusal(atADistance)).toBe(`retention.profiles.b.${key}:4`);
  });

  test('may not be built on another one', () => {
    const text = 'retention:\n  profiles:\n    regulated: { extends: short }\n';
    expect(refusal(text)).toBe('retention.profiles.regulated.extends:3');
  });

  test('of a file, made longer, is the floor for what extends it', () => {
    const text = (age: string): string =>
      `retention:\n  profiles:\n    regulated: { trace: { max_age: 10y } }\n    ours: { extends: regulated, trace: { max_age: ${age} } }\n`;
    expect(refusal(text('8y'))).toBe('retention.profiles.ours.trace.max_age:4');
    expect(rulesOf(text('11y'))?.trace?.maxAgeMs).toBe(11 * 365 * DAY_MS);
  });
});

describe("the Go tool's limits", () => {
  const TTLS = 'retention:\n  trace_ttl: 168h\n  session_ttl: 336h\n  export_ttl: 168h\n';

  test('make a profile that is in force', () => {
    expect(parse(TTLS).choice).toEqual({ name: 'config', line: 2, isImplied: true });
    expect(rulesOf(TTLS, 'config')).toEqual({
      trace: { maxAgeMs: 168 * HOUR_MS },
      session: { maxAgeMs: 336 * HOUR_MS, minAgeMs: 72 * HOUR_MS },
      export: { maxAgeMs: 168 * HOUR_MS },
      pack: { maxAgeMs: 168 * HOUR_MS },
    });
  });

  test('do not, where another is named', () => {
    expect(parse(`${TTLS}  profile: long\n`).choice?.name).toBe('long');
    expect(parse(`${TTLS}  profile: none\n`).choice?.name).toBe('none');
  });

  test.each(['0', '-1h', 'soon', '24', '""'])('are refused when they are %s', (value) => {
    expect(refusal(`retention:\n  session_ttl: ${value}\n`)).toBe('retention.session_ttl:2');
  });

  test('cannot stand beside a profile of that name', () => {
    expect(refusal(`${TTLS}  profiles:\n    config: {}\n`)).toBe('retention.trace_ttl:2');
  });
});
