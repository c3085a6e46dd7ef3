/**
 * The digest of a plan. It binds what decides over the removal: the rules, the holds, the state of each thing and what becomes
 * of it. Not in it: when the plan was made, ages, sizes, and which of several limits or floors was met first, because those
 * change with time alone. So it stays the same until something that matters has changed, or time has changed an action.
 */
import { canonicalJson, sha256Hex } from '../sign/index.js';
import type { PlannedItem, PrunePlan } from './plan-types.js';

/** SHA-256, hex. Reads nothing but the plan, so a plan that was kept in a file can be held to its digest. */
export function planDigest(plan: Omit<PrunePlan, 'plan_digest'>): string {
  return sha256Hex(
    canonicalJson({
      default_profile: plan.default_profile ?? null,
      filter: { kind: plan.filter.kind ?? null, session_id: plan.filter.session_id ?? null },
      holds: plan.holds.map(({ created_at, id, session_id }) => ({ created_at, id, session_id })),
      items: plan.items.map(bound),
      named_by_caller: plan.named_by_caller,
      // In canonical order already, like the rest: then the long list of items is not put together a second time.
      profiles: JSON.parse(canonicalJson(plan.profiles)) as unknown,
      schema_id: plan.schema_id,
      schema_version: plan.schema_version,
    }),
  );
}

/** What of an item the digest binds: its state and its action. Keys in canonical order, which spares sorting them. */
function bound(item: PlannedItem): Readonly<Record<string, unknown>> {
  const { action, id, kind } = item;
  return { action, id, kind, state: itemState(item), unit: item.unit };
}

/** The content of an item, as its evidence says it. Two plans that agree on it speak of the same bytes. */
export function itemState(item: PlannedItem): Readonly<Record<string, string | number>> {
  switch (item.unit) {
    case 'session': {
      const { checkpoint_index, head, root_hash, session_id, tree_size } = item;
      return { checkpoint_index, head, root_hash, session_id, tree_size };
    }
    case 'segment': {
      const { content_sha256, root_hash, session_id } = item;
      return { content_sha256, root_hash, session_id };
    }
    case 'payload': {
      const { sequence, session_id, sha256 } = item;
      return { sequence, session_id, sha256 };
    }
    case 'file':
      return { sha256: item.sha256 };
  }
}
