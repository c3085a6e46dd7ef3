/** Fields of an event by what they hold, as callers name them. */
export const NAME_FIELDS = [
  'intent_id',
  'policy_id',
  'policy_version',
  'trace_id',
  'trace_path',
  'safety_invariant_version',
  'safety_invariant_hash',
  'correlation_id',
  'actor',
] as const;
export const LIST_FIELDS = ['matched_rule_ids', 'reason_codes', 'violations'] as const;
