/**
 * Plans a prune of a root and carries it out, at a time of the test's own.
 *
 * argv[2], JSON: `root`; `now` in milliseconds since 1970; `seed` of the signing key, hex.
 */
import { executePrune, planPrune } from '../../../dist/src/index.js';
import { keyPairFromSeed } from '../../../dist/src/sign/index.js';

const { root, now, seed } = JSON.parse(process.argv[2]);
const clock = () => now;
const { plan_digest: digest } = await planPrune(root, { profile: 'short', clock });
process.stdout.write('{"state":"open"}\n');
await executePrune(digest, { root, profile: 'short', key: keyPairFromSeed(Buffer.from(seed, 'hex')), clock });
