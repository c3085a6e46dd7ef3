/**
 * The text that the Go tool signs a trace over. It reads a record into a structure of its own and writes that out again,
 * so times get their one spelling, empty optional fields vanish and so does every key it does not know: it is blind to
 * keys that were put in after the signing (docs/go-compatibility.md, W26).
 */
import type { JsonObject } from '../journal/index.js';
import { canonicalJson } from '../sign/index.js';
import { canonicalTime, isObject, TRACE_FIELDS, ZERO_TIME, type FieldRules, type ScalarRule } from './trace-record.js';

/** A record as the Go tool may have signed it. */
export interface GoForm {
  readonly value: JsonObject;
  /** Keys of the record that the form leaves out because it does not know them, dotted where nested. */
  readonly dropped: readonly string[];
}

/** What version 1.4.0 of the Go tool adds, beside ten `credential_` and eight `broker_` fields. */
const V1_4_FIELDS: ReadonlySet<string> = new Set(
  (
    'agent_id agent_identity run_id workflow_id repo environment approval_ref wrkr_inventory_ref agent_action_bom_ref ' +
    'policy_id policy_version matched_rule_ids context_source script step_count script_hash composite_risk_class ' +
    'step_verdicts pre_approved pattern_id registry_reason freeze_window sandbox kill_switch mcp_trust relationship'
  ).split(' '),
);
const V1_4_PREFIXES = ['credential_', 'broker_'] as const;

/** Whether a form knows a key that is not in {@link TRACE_FIELDS}. @param path dotted where nested */
type Knows = (path: string) => boolean;

const isV1_4Field: Knows = (path) => V1_4_FIELDS.has(path) || V1_4_PREFIXES.some((prefix) => path.startsWith(prefix));

/** Of 1.4.0, and of 1.2.3. */
const FORMS: readonly Knows[] = [isV1_4Field, () => false];

/**
 * The newest first: it drops the fewest keys. Unlike in the Go tool, a key in another case is another key.
 *
 * @param record without its signature
 */
export function* goForms(record: JsonObject): Generator<GoForm, void> {
  for (const knows of FORMS) {
    const dropped: string[] = [];
    yield { value: structOf(record, TRACE_FIELDS, { knows, dropped, prefix: '' }), dropped };
  }
}

/** Names of the top-level fields that a form writes in another way than the record, or not at all. */
export function respelled(record: JsonObject, { value }: GoForm): string[] {
  const names = new Set([...Object.keys(record), ...Object.keys(value)]);
  return [...names].filter((name) => textOf(record[name]) !== textOf(value[name])).toSorted();
}

function textOf(value: unknown): string {
  return value === undefined ? '' : canonicalJson(value);
}

interface Place {
  readonly knows: Knows;
  readonly dropped: string[];
  readonly prefix: string;
}

function structOf(record: JsonObject, rules: FieldRules, place: Place): JsonObject {
  const { knows, dropped, prefix } = place;
  const fields: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(rules)) {
    const value = record[name];
    if (typeof rule === 'string') Object.assign(fields, writtenAs(name, rule, value));
    else if (isObject(value)) fields[name] = structOf(value, rule, { ...place, prefix: `${name}.` });
    else if (!isEmpty(value)) fields[name] = value;
  }
  for (const [name, value] of Object.entries(record)) {
    const path = `${prefix}${name}`;
    if (Object.hasOwn(rules, name) || (isV1_4Field(path) && isEmpty(value))) continue;
    if (knows(path)) fields[name] = value;
    else dropped.push(path);
  }
  return fields;
}

/** A field as it is written, or nothing. `observed_at` is optional by the schema, but the Go tool always writes it. */
function writtenAs(name: string, rule: ScalarRule, value: unknown): JsonObject {
  if (rule === 'time' || rule === 'time?') return { [name]: canonicalTime(value ?? ZERO_TIME) ?? value };
  if (rule === 'text') return { [name]: value ?? '' };
  return isEmpty(value) ? {} : { [name]: value };
}

/** What the Go tool's `omitempty` leaves out. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  return Array.isArray(value) && value.length === 0;
}
