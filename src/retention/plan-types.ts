/**
 * The shape of a plan: what goes, what stays, and why. It is a report (`prune --dry-run --json` prints it, a file keeps it), so
 * its fields have their wire names. Schema: schemas/prune-plan.schema.json.
 */
import type { RetentionKind } from './types.js';

/** Which part of the inventory a plan is about; absent: all of it. */
export interface PlanFilter {
  readonly sessionId?: string;
  readonly kind?: RetentionKind;
}

export type LimitRule = 'max_age' | 'max_count' | 'max_bytes';

/** Why something stays. The first five are for good, as far as the plan can tell; the others pass with time or work. */
export type KeepReason =
  /** No rule is about it: nothing is pruned that no rule names. */
  | 'no_rule'
  /** The profile that decides over it is not known here. */
  | 'unknown_profile'
  /** A rule is about it, and it is within each limit. */
  | 'within_limits'
  /** Beside `no_rule` and `within_limits`: the profile that its session names decided, not that of the root. */
  | 'own_profile'
  /** A legal hold on its session. */
  | 'held'
  /** It cannot be judged, or gives no time. */
  | 'unreadable'
  /** Dated after the time of planning. */
  | 'future_dated'
  /** The session is neither closed nor idle for longer than its limit. */
  | 'not_closed'
  /** No checkpoint covers its end. */
  | 'unsealed_tail'
  /** The checkpoint that covers its end is not signed. */
  | 'unsigned_tail'
  /** Among the newest that always stay. */
  | 'keep_last'
  /** Younger than anything that may go. */
  | 'min_age'
  /** Evidence that stays refers to it. */
  | 'referenced'
  /** A segment behind one that stays: a log loses its front, never its middle. */
  | 'older_kept'
  /** A segment or payload of a closed session: that goes as a whole, at its own age. */
  | 'whole_session';

interface PlannedBase {
  /** Unique in the plan, and the same from plan to plan. */
  readonly id: string;
  readonly kind: RetentionKind;
  /** Of the file, or of the session's journal; relative to the root. */
  readonly path: string;
  readonly size_bytes: number;
  /** The time that its age is counted from. */
  readonly time?: string;
  readonly action: 'delete' | 'keep';
  /** The limit that it is over: with `delete` the one that removes it, with `keep` the one that a floor beats. */
  readonly rule?: LimitRule;
  /** Why it stays; empty with `delete`. */
  readonly reasons: readonly KeepReason[];
  /** The particulars of the reasons, for people: the reason of a hold, what refers to it. */
  readonly because?: readonly string[];
  /** Names of the profiles that decided, the longest limit of each counting. */
  readonly profiles: readonly string[];
}

export interface PlannedSession extends PlannedBase {
  readonly unit: 'session';
  readonly session_id: string;
  readonly head: string;
  readonly tree_size: number;
  readonly root_hash: string;
  readonly last_sequence: number;
  readonly checkpoint_index: number;
}

/** Listed only while its session stays: a session that goes takes its segments and payloads along. */
export interface PlannedSegment extends PlannedBase {
  readonly unit: 'segment';
  readonly session_id: string;
  readonly name: string;
  readonly first_sequence: number;
  readonly last_sequence: number;
  readonly content_sha256: string;
  readonly root_hash: string;
}

/** Listed only while its session, and the segment that it is named in, stay. */
export interface PlannedPayload extends PlannedBase {
  readonly unit: 'payload';
  readonly session_id: string;
  readonly sequence: number;
  readonly sha256: string;
}

export interface PlannedFile extends PlannedBase {
  readonly unit: 'file';
  readonly session_ids: readonly string[];
  readonly sha256: string;
}

export type PlannedItem = PlannedSession | PlannedSegment | PlannedPayload | PlannedFile;

/** A limit that stays exceeded after the plan, and what stands in the way. */
export interface LimitShortfall {
  readonly kind: RetentionKind;
  readonly profiles: readonly string[];
  readonly rule: LimitRule;
  readonly limit: number;
  /** What there is after the plan: items for max_age (those over it) and max_count, bytes for max_bytes. */
  readonly remaining: number;
  /** How many items each reason keeps that would have to go. */
  readonly blocked_by: Readonly<Partial<Record<KeepReason, number>>>;
}

export interface PlanWarning {
  readonly kind: 'future_dated' | 'unknown_profile' | 'unreadable';
  readonly id: string;
  readonly meaning: string;
}

/** Limits with their wire names; what is absent is not limited. */
export interface PlannedRule {
  readonly max_age_ms?: number;
  readonly max_count?: number;
  readonly max_bytes?: number;
  readonly keep_last?: number;
  readonly min_age_ms?: number;
}

export interface PlannedProfile {
  readonly name: string;
  readonly rules: Readonly<Partial<Record<RetentionKind, PlannedRule>>>;
}

export interface PlannedHold {
  readonly id: number;
  readonly session_id: string;
  readonly reason: string;
  readonly actor: string;
  readonly created_at: string;
}

export interface PrunePlan {
  readonly schema_id: 'gait.prune.plan';
  readonly schema_version: '1.0.0';
  /** SHA-256, hex, of the canonical form of everything that decides what is removed; see plan-digest.ts. */
  readonly plan_digest: string;
  readonly planned_at: string;
  /** The profile in force for what names none of its own; absent: nothing of that goes. */
  readonly default_profile?: string;
  /** The caller named it: sessions with a profile of their own get the longer limit of the two. */
  readonly named_by_caller: boolean;
  readonly filter: { readonly session_id?: string; readonly kind?: RetentionKind };
  /** Those that decided over something here. */
  readonly profiles: readonly PlannedProfile[];
  readonly holds: readonly PlannedHold[];
  /** In the order of their ids. */
  readonly items: readonly PlannedItem[];
  readonly shortfalls: readonly LimitShortfall[];
  readonly warnings: readonly PlanWarning[];
  readonly delete_count: number;
  readonly delete_bytes: number;
  readonly keep_count: number;
  readonly keep_bytes: number;
}

/** One thing in which two plans differ. */
export interface PlanDifference {
  readonly kind:
    | 'action_changed'
    | 'item_added'
    | 'item_removed'
    | 'content_changed'
    | 'hold_added'
    | 'hold_removed'
    | 'policy_changed'
    | 'scope_changed'
    | 'unknown';
  /** Id of the item, session id of the hold, or name of the profile. */
  readonly id?: string;
  /** One sentence that says what differs. */
  readonly meaning: string;
}
