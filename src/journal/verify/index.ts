export { Findings } from './findings.js';
export type { FindingsReport } from './findings.js';
export { parseAnchor } from './anchor.js';
export { verifyJournal } from './verify-journal.js';
