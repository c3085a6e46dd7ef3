/** The engine against a list of what it acknowledged: random commands, crashes among them, shrunk to a script when they differ. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verify } from '../../src/index.js';
import { tell, times } from '../support/long-form.js';
import { KEY } from '../support/sealed-session.js';
import { testSeed } from '../support/seeded.js';
import { COMMANDS, Model, newDisk, Real } from '../support/model-commands.js';

const SEED = testSeed();
const RUNS = times(120, 1_500);

describe(`any script of commands, crashes among them (seed ${SEED})`, () => {
  it(`leaves what a plain list says, and it verifies (${RUNS} scripts)`, async () => {
    const template = await newDisk();
    let commands = 0;
    await fc.assert(
      fc.asyncProperty(fc.commands(COMMANDS, { size: '+1', maxCommands: 24 }), async (script) => {
        const real = new Real(template.copy());
        await fc.asyncModelRun(() => ({ model: new Model(), real }), script);
        commands += [...script].length;
        await real.reopen(false);
        const report = await verify('/disk', { fileSystem: real.disk.fs, publicKeys: [KEY.publicKey] });
        expect(report.problems).toEqual([]);
      }),
      { seed: SEED, numRuns: RUNS },
    );
    tell('model', { scripts: RUNS, commands });
  }, 3_600_000);
});
