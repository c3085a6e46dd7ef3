/** The schemas of a plan and of a policy say the same as their TypeScript types, and plans of any inventory keep to them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  describePolicy,
  type InventoryNote,
  type KeepReason,
  type LimitRule,
  type LimitShortfall,
  type ListedProfile,
  type PlannedFile,
  type PlannedHold,
  type PlannedItem,
  type PlannedPayload,
  type PlannedProfile,
  type PlannedRule,
  type PlannedSegment,
  type PlannedSession,
  type PlanWarning,
  type PolicyReport,
  type RetentionKind,
  type RootPlan,
} from '../../src/index.js';
import { plan } from '../../src/retention/plan.js';
import { holdLists, inventories, NOW_MS, policies } from '../retention/inventories.js';
import { complaints, undeclaredKeys } from './schema-files.js';
import { allOf, testFields, testWords, type Fields } from './type-tables.js';

/** A unit of any kind: what all have, and what some have. */
type Own<T> = Omit<T, keyof PlannedItem>;
type AnyItem = Pick<PlannedItem, keyof PlannedItem> &
  Partial<Own<PlannedSession> & Own<PlannedSegment> & Own<PlannedPayload> & Own<PlannedFile>>;

const PLAN = {
  schema_id: 'string',
  schema_version: 'string',
  plan_digest: 'string',
  planned_at: 'string',
  default_profile: 'string?',
  named_by_caller: 'boolean',
  filter: 'object',
  profiles: 'array',
  holds: 'array',
  items: 'array',
  shortfalls: 'array',
  warnings: 'array',
  delete_count: 'integer',
  delete_bytes: 'integer',
  keep_count: 'integer',
  keep_bytes: 'integer',
  root: 'string',
  not_looked_into: 'array',
  unknown_files: 'integer',
} as const satisfies Fields<RootPlan>;

const ITEM = {
  id: 'string',
  unit: 'string',
  kind: 'string',
  path: 'string',
  size_bytes: 'integer',
  time: 'string?',
  action: 'string',
  rule: 'string?',
  reasons: 'array',
  because: 'array?',
  profiles: 'array',
  session_id: 'string?',
  session_ids: 'array?',
  head: 'string?',
  tree_size: 'integer?',
  root_hash: 'string?',
  last_sequence: 'integer?',
  checkpoint_index: 'integer?',
  name: 'string?',
  first_sequence: 'integer?',
  content_sha256: 'string?',
  sequence: 'integer?',
  sha256: 'string?',
} as const satisfies Fields<AnyItem>;

const RULE = {
  max_age_ms: 'integer?',
  max_count: 'integer?',
  max_bytes: 'integer?',
  keep_last: 'integer?',
  min_age_ms: 'integer?',
} as const satisfies Fields<PlannedRule>;

const PROFILE = { name: 'string', rules: 'object' } as const satisfies Fields<PlannedProfile>;

const LISTED = {
  ...PROFILE,
  source: 'string',
  path: 'string?',
  line: 'integer?',
} as const satisfies Fields<ListedProfile>;

const HOLD = {
  id: 'integer',
  session_id: 'string',
  reason: 'string',
  actor: 'string',
  created_at: 'string',
} as const satisfies Fields<PlannedHold>;

const SHORTFALL = {
  kind: 'string',
  profiles: 'array',
  rule: 'string',
  limit: 'integer',
  remaining: 'integer',
  blocked_by: 'object',
} as const satisfies Fields<LimitShortfall>;

const WARNING = { kind: 'string', id: 'string', meaning: 'string' } as const satisfies Fields<PlanWarning>;

const NOTE = { path: 'string', meaning: 'string' } as const satisfies Fields<InventoryNote>;

const POLICY = {
  profile: 'object?',
  chosen_by: 'string',
  config_path: 'string?',
  config_line: 'integer?',
  profiles: 'array',
} as const satisfies Fields<PolicyReport>;

testFields([
  ['prune-plan', '', PLAN],
  ['prune-plan', '/$defs/item', ITEM],
  ['prune-plan', '/$defs/rule', RULE],
  ['prune-plan', '/$defs/profile', PROFILE],
  ['prune-plan', '/$defs/hold', HOLD],
  ['prune-plan', '/$defs/shortfall', SHORTFALL],
  ['prune-plan', '/$defs/warning', WARNING],
  ['prune-plan', '/$defs/note', NOTE],
  ['retention-policy', '', POLICY],
  ['retention-policy', '/$defs/profile', LISTED],
]);

testWords([
  [
    'prune-plan',
    '/$defs/kind',
    allOf<RetentionKind>({ session: true, trace: true, pack: true, export: true, payload: true }),
  ],
  ['prune-plan', '/$defs/limit', allOf<LimitRule>({ max_age: true, max_count: true, max_bytes: true })],
  [
    'prune-plan',
    '/$defs/reason',
    allOf<KeepReason>({
      no_rule: true,
      unknown_profile: true,
      within_limits: true,
      own_profile: true,
      held: true,
      unreadable: true,
      future_dated: true,
      not_closed: true,
      unsealed_tail: true,
      unsigned_tail: true,
      keep_last: true,
      min_age: true,
      referenced: true,
      older_kept: true,
      whole_session: true,
    }),
  ],
  [
    'prune-plan',
    '/$defs/item/properties/unit',
    allOf<PlannedItem['unit']>({ session: true, segment: true, payload: true, file: true }),
  ],
  ['prune-plan', '/$defs/item/properties/action', allOf<PlannedItem['action']>({ delete: true, keep: true })],
  [
    'prune-plan',
    '/$defs/warning/properties/kind',
    allOf<PlanWarning['kind']>({ future_dated: true, unknown_profile: true, unreadable: true }),
  ],
  [
    'retention-policy',
    '/properties/chosen_by',
    allOf<PolicyReport['chosen_by']>({ caller: true, config: true, nobody: true }),
  ],
  [
    'retention-policy',
    '/$defs/profile/properties/source',
    allOf<ListedProfile['source']>({ built_in: true, config: true }),
  ],
]);

test('the plan of any inventory keeps to its schema', () => {
  fc.assert(
    fc.property(inventories, policies, holdLists, (inventory, policy, holds) => {
      const found = { root: '/disk', not_looked_into: [], unknown_files: 0 };
      const made: RootPlan = { ...plan(inventory, policy, holds, NOW_MS), ...found };
      expect(complaints('prune-plan', made)).toEqual([]);
      expect(undeclaredKeys('prune-plan', made)).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('what is in force keeps to its schema', () => {
  const report = describePolicy({ profile: 'regulated' });
  expect(complaints('retention-policy', report)).toEqual([]);
  expect(undeclaredKeys('retention-policy', report)).toEqual([]);
});
