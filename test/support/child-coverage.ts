import { inject } from 'vitest';

// Node reads this variable when it starts, so setting it here leaves the test process alone and reaches every process
// a test starts, whatever `env` it is given.
const dir = inject('childCoverageDir');
if (dir !== '') process.env['NODE_V8_COVERAGE'] = dir;
