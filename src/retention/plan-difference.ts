/** What differs between a plan that was seen and the plan of now, for the person who is refused. Pure. */
import { canonicalJson } from '../sign/index.js';
import { itemState } from './plan-digest.js';
import type { PlanDifference, PlannedHold, PlannedItem, PrunePlan } from './plan-types.js';

/** Everything that changes the digest, in readable order: what was asked, the policy, holds, then items by id. Empty: nothing. */
export function explainDifference(before: PrunePlan, now: PrunePlan): PlanDifference[] {
  return [
    ...scopeDifferences(before, now),
    ...policyDifferences(before, now),
    ...holdDifferences(before.holds, now.holds),
    ...itemDifferences(before.items, now.items),
  ];
}

function scopeDifferences(before: PrunePlan, now: PrunePlan): PlanDifference[] {
  const [was, is] = [before, now].map(({ filter }) => pairsOf(filter));
  const differences: PlanDifference[] = [];
  if (was !== is) differences.push({ kind: 'scope_changed', meaning: `planned for ${was}, now for ${is}` });
  const [chosen, chosenNow] = [before, now].map(choiceOf);
  if (chosen !== chosenNow) {
    differences.push({ kind: 'policy_changed', meaning: `planned with ${chosen}, now with ${chosenNow}` });
  }
  return differences;
}

function choiceOf({ default_profile, named_by_caller }: PrunePlan): string {
  if (default_profile === undefined) return 'no profile';
  return `profile ${default_profile}${named_by_caller ? ', named by the caller' : ''}`;
}

function policyDifferences(before: PrunePlan, now: PrunePlan): PlanDifference[] {
  const [was, is] = [before, now].map(({ profiles }) => new Map(profiles.map(({ name, rules }) => [name, rules])));
  const names = [...new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])].toSorted();
  return names.flatMap((name): PlanDifference[] => {
    const [old, current] = [was?.get(name), is?.get(name)];
    if (canonicalJson(old ?? null) === canonicalJson(current ?? null)) return [];
    if (old === undefined) return [policyChange(name, 'decides now, and did not before')];
    if (current === undefined) return [policyChange(name, 'decided before, and does not now')];
    return [policyChange(name, `had the rules ${canonicalJson(old)}, and has ${canonicalJson(current)} now`)];
  });
}

function policyChange(name: string, what: string): PlanDifference {
  return { kind: 'policy_changed', id: name, meaning: `profile ${name} ${what}` };
}

function holdDifferences(before: readonly PlannedHold[], now: readonly PlannedHold[]): PlanDifference[] {
  const keyOf = ({ id, session_id, created_at }: PlannedHold): string => JSON.stringify([id, session_id, created_at]);
  const [was, is] = [new Set(before.map(keyOf)), new Set(now.map(keyOf))];
  const describe = ({ id, session_id, actor, reason }: PlannedHold): string =>
    `hold ${id} on ${session_id} by ${actor} (${reason})`;
  return [
    ...now
      .filter((hold) => !was.has(keyOf(hold)))
      .map((hold) => ({ kind: 'hold_added', id: hold.session_id, meaning: `${describe(hold)} was set` }) as const),
    ...before
      .filter((hold) => !is.has(keyOf(hold)))
      .map(
        (hold) => ({ kind: 'hold_removed', id: hold.session_id, meaning: `${describe(hold)} was released` }) as const,
      ),
  ];
}

function itemDifferences(before: readonly PlannedItem[], now: readonly PlannedItem[]): PlanDifference[] {
  const [was, is] = [new Map(before.map((item) => [item.id, item])), new Map(now.map((item) => [item.id, item]))];
  const ids = [...new Set([...was.keys(), ...is.keys()])].toSorted();
  return ids.flatMap((id): PlanDifference[] => {
    const [old, current] = [was.get(id), is.get(id)];
    if (old === undefined) return [{ kind: 'item_added', id, meaning: `${id} is new: ${decisionOn(current)}` }];
    if (current === undefined) return [{ kind: 'item_removed', id, meaning: goneMeaning(old, is) }];
    return changesOf(old, current);
  });
}

function changesOf(old: PlannedItem, current: PlannedItem): PlanDifference[] {
  const { id } = current;
  const differences: PlanDifference[] = [];
  if (canonicalJson(stateOf(old)) !== canonicalJson(stateOf(current))) {
    differences.push({ kind: 'content_changed', id, meaning: `${id} has changed: ${growthOf(old, current)}` });
  }
  if (old.action !== current.action) {
    const meaning = `${id} was to ${decisionOn(old)}, and is to ${decisionOn(current)} now`;
    differences.push({ kind: 'action_changed', id, meaning });
  }
  return differences;
}

function stateOf(item: PlannedItem): unknown {
  return { state: itemState(item), kind: item.kind, unit: item.unit };
}

function growthOf(old: PlannedItem, current: PlannedItem): string {
  if (old.unit !== 'session' || current.unit !== 'session') return 'it has another content';
  const lines = current.tree_size - old.tree_size;
  return lines > 0 ? `its log has ${lines} more line${lines === 1 ? '' : 's'}` : 'its log is another one';
}

/** Parts are not listed once what they belong to goes as a whole. */
function goneMeaning(old: PlannedItem, now: ReadonlyMap<string, PlannedItem>): string {
  const isPart = old.unit === 'segment' || old.unit === 'payload';
  if (isPart && now.get(old.path)?.action === 'delete') return `${old.id} goes with its session now`;
  return `${old.id} is not listed any more`;
}

function decisionOn(item: PlannedItem | undefined): string {
  if (item === undefined) return 'nothing';
  if (item.action === 'delete') return `go (${item.rule ?? 'no rule'})`;
  return `stay (${item.reasons.join(', ')})`;
}

function pairsOf(filter: PrunePlan['filter']): string {
  const { session_id, kind } = filter;
  if (session_id === undefined && kind === undefined) return 'everything';
  return [session_id === undefined ? [] : [`session ${session_id}`], kind === undefined ? [] : [`kind ${kind}`]]
    .flat()
    .join(', ');
}
