/** Retention: what may go, what goes, and the proof of it. */
export { listHolds, releaseHold, setHold } from './holds.js';
export { isInForce } from './holds-fold.js';
export { erasePayload } from './erase.js';
export { executePrune } from './prune.js';
export { planPrune } from './prune-plan.js';
export { joinTombstones } from './ledger-proof.js';
export { ledgerProofsFor, verifyRoot } from './verify-root.js';

export type { EraseOptions, EraseReceipt, EraseRequest } from './erase.js';
export type { HoldOptions, HoldRequest } from './holds.js';
export type { LedgerHold } from './holds-fold.js';
export type { PruneOptions } from './prune.js';
export type { PlanOptions } from './prune-plan.js';
export type { PruneReceipt, RemovalReceipt } from './receipt.js';
export type { RootLedger, RootProblem, RootProblemKind, RootReport, RootSession } from './verify-root-report.js';
