/** Properties draw with the seed of the run, too: fast-check takes one from the clock otherwise. */
import fc from 'fast-check';
import { testSeed } from './seeded.js';

fc.configureGlobal({ seed: testSeed() });
