/** Retention: what may go, what goes, and the proof of it. */
export { setRetentionProfile } from './config-set.js';
export { listHolds, releaseHold, setHold } from './holds.js';
export { isInForce } from './holds-fold.js';
export { erasePayload } from './erase.js';
export { executePrune } from './prune.js';
export { listOwnProfiles } from './own-profiles.js';
export { describePolicy } from './policy.js';
export { planPrune } from './prune-plan.js';
export { parsePlan } from './prune-saved-plan.js';
export { joinTombstones } from './ledger-proof.js';
export { ledgerProofsFor, verifyRoot } from './verify-root.js';

export type { EraseOptions, EraseReceipt, EraseRequest } from './erase.js';
export type { HoldOptions, HoldRequest } from './holds.js';
export type { LedgerHold } from './holds-fold.js';
export type { PruneOptions } from './prune.js';
export type { InventoryNote } from './inventory.js';
export type { PlanOptions, RootPlan } from './prune-plan.js';
export type { KeptSession, LeftItem, RemovedItem } from './tombstones.js';
export type { PruneReceipt, RemovalReceipt } from './receipt.js';
export type { RootLedger, RootProblem, RootProblemKind, RootReport, RootSession } from './verify-root-report.js';
export type {
  KeepReason,
  LimitRule,
  LimitShortfall,
  PlanDifference,
  PlanFilter,
  PlannedFile,
  PlannedHold,
  PlannedItem,
  PlannedPayload,
  PlannedProfile,
  PlannedRule,
  PlannedSegment,
  PlannedSession,
  PlanWarning,
  PrunePlan,
} from './plan-types.js';
export type { RetentionKind } from './types.js';
export type { SetProfileOptions } from './config-set.js';
export type { OwnProfile } from './own-profiles.js';
export type { ListedProfile, PolicyChoice, PolicyReport } from './policy.js';
