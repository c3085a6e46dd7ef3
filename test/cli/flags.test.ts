import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asksForJson, parseFlags, type Flag } from '../../cli/flags.js';
import { thrownBy } from './thrown-by.js';

const FLAGS: readonly Flag[] = [
  { name: 'journal', value: 'PATH', help: '' },
  { name: 'tool', value: 'NAME', help: '' },
  { name: 'n', value: 'N', help: '' },
  { name: 'json', help: '' },
  { name: 'help', help: '' },
];

describe('flags of the Go tool', () => {
  test.each([
    [['--journal', 'a']],
    [['-journal', 'a']],
    [['--journal=a']],
    [['-journal=a']],
    [['--journal', 'b', '--journal', 'a']],
    [['--journal', '  a ']],
  ])('%j names the journal a', (args) => {
    expect(parseFlags(args, FLAGS).text('journal')).toBe('a');
  });

  test.each(['-foo', '--foo', '--json', '-journal', '--', '--tool=x', '-h'])(
    'the value %s of a flag is taken as it is',
    (value) => {
      const args = parseFlags(['--tool', value, '--journal', 'a'], FLAGS);
      expect([args.text('tool'), args.text('journal'), args.has('json')]).toEqual([value, 'a', false]);
    },
  );

  test.each([
    ['--json', true],
    ['-json', true],
    ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [`--json=${word}`, true] as const),
    ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [`--json=${word}`, false] as const),
  ] as const)('%s is %s', (arg, expected) => {
    expect(parseFlags([arg], FLAGS).has('json')).toBe(expected);
    expect(asksForJson(['--oops', arg])).toBe(expected);
  });

  test('a boolean takes no value from the next argument', () => {
    const args = parseFlags(['--json', 'false'], FLAGS);
    expect([args.has('json'), args.positionals]).toEqual([true, ['false']]);
  });

  test('flags may follow positional arguments, and -- ends them', () => {
    const args = parseFlags(['p', '-', '--json', 'q', '--', '--tool', '-x'], FLAGS);
    expect([args.positionals, args.has('json'), args.text('tool')]).toEqual([
      ['p', '-', 'q', '--tool', '-x'],
      true,
      undefined,
    ]);
  });

  test('-h asks for help', () => {
    expect(parseFlags(['-h'], FLAGS).has('help')).toBe(true);
  });

  test.each([
    [['--oops'], 'oops'],
    [['---journal', 'a'], '-journal'],
    [['-=x'], ''],
    [['--journal'], 'journal'],
    [['--json=maybe'], 'json'],
    [['--jurnal', 'a'], 'jurnal'],
    [['--constructor'], 'constructor'],
    [['--json=constructor'], 'json'],
  ])('%j is refused, naming the flag', (args, flag) => {
    expect(thrownBy(() => parseFlags(args, FLAGS))).toMatchObject({ code: 'INVALID_ARGUMENT', details: { flag } });
  });

  test.each(['-1', '1.5', '1e3', '0x10', 'NaN', '9007199254740992', '1 2'])('%s is no whole number', (value) => {
    const args = parseFlags(['-n', value], FLAGS);
    expect(thrownBy(() => args.whole('n'))).toMatchObject({ code: 'INVALID_ARGUMENT', details: { flag: 'n' } });
  });

  test('whole numbers are read up to the largest safe one', () => {
    expect(parseFlags(['-n', '9007199254740991'], FLAGS).whole('n')).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseFlags(['-n=0'], FLAGS).whole('n')).toBe(0);
    expect(parseFlags([], FLAGS).whole('n')).toBeUndefined();
  });

  test('a misspelt flag is answered with the one that was meant', () => {
    expect(thrownBy(() => parseFlags(['--jurnal', 'a'], FLAGS)).hint).toContain('--journal');
    expect(thrownBy(() => parseFlags(['--zzzzzz', 'a'], FLAGS)).hint).not.toContain('did you mean');
  });

  test('any values survive, in either spelling, in any order', () => {
    const text = fc.string().map((value) => value.trim());
    fc.assert(
      fc.property(text, text, fc.boolean(), fc.boolean(), (journal, tool, inline, first) => {
        const one = inline ? [`--journal=${journal}`] : ['--journal', journal];
        const two = inline ? [`-tool=${tool}`] : ['-tool', tool];
        const args = parseFlags(first ? [...one, ...two, '--json'] : ['--json', ...two, ...one], FLAGS);
        expect([args.text('journal') ?? '', args.text('tool') ?? '', args.has('json')]).toEqual([journal, tool, true]);
      }),
    );
  });
});

describe('the search for --json in arguments that cannot be parsed', () => {
  test.each([
    [['--oops', '--json'], true],
    [['--json', '--oops'], true],
    [['--json=false'], false],
    [['--json', '--json=0'], false],
    [['--json=maybe'], true],
    [['--', '--json'], false],
    [['json'], false],
    [[], false],
  ])('%j: %s', (args, expected) => {
    expect(asksForJson(args)).toBe(expected);
  });
});
