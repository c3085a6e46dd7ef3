export { parseAnchor } from './anchor.js';
export { resolveDemands } from './demands.js';
export { Findings } from './findings.js';
export { verifyJournal, verifyWithin } from './verify-journal.js';
export { verifyProofText } from './verify-proof.js';

export type { FindingsReport } from './findings.js';
export type { ProofReport } from './verify-proof.js';
