/**
 * The short way for an event as programs send them: every field in its stored form already, names of plain ASCII. It is checked
 * and written in one pass, and no object is made of it.
 *
 * It knows the usual forms and no others. Whatever it does not know, it leaves to the careful way in event.ts, which decides,
 * and names what is wrong.
 */
import { canonicalJson } from '../sign/index.js';
import type { FrameTexts } from './event-frame.js';
import { isReservedTool, isStoredDigest, MAX_ID_LENGTH } from './event-fields.js';
import { EVENT_SCHEMA_ID, SCHEMA_VERSION } from './record.js';
import { isStoredForm } from './timestamp.js';
import { VERDICTS } from './types.js';

export interface PlainEvent {
  readonly beforeSequence: string;
  readonly afterSequence: string;
  readonly toolName: string;
  readonly createdAt: string;
}

const SCHEMA = `,"schema_id":"${EVENT_SCHEMA_ID}","schema_version":"${SCHEMA_VERSION}"`;

/** Visible ASCII, spaces between it, and nothing that JSON escapes: trimmed, well-formed, and quoted as it is. */
const PLAIN_ID = /^[!#-[\]-~](?:[ !#-[\]-~]*[!#-[\]-~])?$/;

/**
 * The line of an event, cut at its sequence; undefined when the careful way has to look.
 *
 * @param now time of an event that brings none, in its stored form
 * @throws GaitError INVALID_JSON for attributes that canonical JSON cannot hold
 */
export function encodePlain(input: unknown, frame: FrameTexts, now: string): PlainEvent | undefined {
  if (typeof input !== 'object' || input === null || !hasOwnKeysOnly(input)) return undefined;
  const given = input as Readonly<Record<string, unknown>>;
  let attributes: object | undefined;
  let relationship: object | undefined;
  let createdAt = now;
  let toolName = '';
  let verdict = '';
  // Members in front of created_at end with a comma, those behind it begin with one.
  let actor = '';
  let correlationId = '';
  let intentDigest = '';
  let intentId = '';
  let matchedRuleIds = '';
  let policyDigest = '';
  let policyId = '';
  let policyVersion = '';
  let reasonCodes = '';
  let invariantHash = '';
  let invariantVersion = '';
  let traceId = '';
  let tracePath = '';
  let violations = '';
  // `for in` is the fastest way to meet own keys where nothing is inherited.
  for (const field in given) {
    const value = given[field];
    switch (field) {
      case 'tool_name':
        if (!isPlainId(value) || isReservedTool(value)) return undefined;
        toolName = value;
        break;
      case 'verdict':
        if (!VERDICTS.some((known) => known === value)) return undefined;
        verdict = value as string;
        break;
      case 'created_at':
        if (typeof value !== 'string' || !isStoredForm(value)) return undefined;
        createdAt = value;
        break;
      case 'attributes':
        if (!isObject(value)) return undefined;
        attributes = value;
        break;
      case 'relationship':
        if (!isObject(value)) return undefined;
        relationship = value;
        break;
      case 'intent_digest':
        if (!isStoredDigest(value)) return undefined;
        intentDigest = `,"intent_digest":"${value}"`;
        break;
      case 'policy_digest':
        if (!isStoredDigest(value)) return undefined;
        policyDigest = `,"policy_digest":"${value}"`;
        break;
      case 'actor':
        if (!isPlainId(value)) return undefined;
        actor = `"actor":"${value}",`;
        break;
      case 'correlation_id':
        if (!isPlainId(value)) return undefined;
        correlationId = `"correlation_id":"${value}",`;
        break;
      case 'intent_id':
        if (!isPlainId(value)) return undefined;
        intentId = `,"intent_id":"${value}"`;
        break;
      case 'policy_id':
        if (!isPlainId(value)) return undefined;
        policyId = `,"policy_id":"${value}"`;
        break;
      case 'policy_version':
        if (!isPlainId(value)) return undefined;
        policyVersion = `,"policy_version":"${value}"`;
        break;
      case 'safety_invariant_hash':
        if (!isPlainId(value)) return undefined;
        invariantHash = `,"safety_invariant_hash":"${value}"`;
        break;
      case 'safety_invariant_version':
        if (!isPlainId(value)) return undefined;
        invariantVersion = `,"safety_invariant_version":"${value}"`;
        break;
      case 'trace_id':
        if (!isPlainId(value)) return undefined;
        traceId = `,"trace_id":"${value}"`;
        break;
      case 'trace_path':
        if (!isPlainId(value)) return undefined;
        tracePath = `,"trace_path":"${value}"`;
        break;
      case 'matched_rule_ids':
        if (!isPlainList(value)) return undefined;
        matchedRuleIds = `,"matched_rule_ids":${list(value)}`;
        break;
      case 'reason_codes':
        if (!isPlainList(value)) return undefined;
        reasonCodes = `,"reason_codes":${list(value)}`;
        break;
      case 'violations':
        if (!isPlainList(value)) return undefined;
        violations = `,"violations":${list(value)}`;
        break;
      default:
        return undefined;
    }
  }
  if (toolName === '' || verdict === '') return undefined;
  const attributesText = attributes === undefined ? '' : `"attributes":${canonicalJson(attributes)},`;
  const relationshipText = relationship === undefined ? '' : `,"relationship":${canonicalJson(relationship)}`;
  return {
    beforeSequence: `{"event":{${actor}${attributesText}${correlationId}"created_at":"${createdAt}"${intentDigest}${intentId}${matchedRuleIds}${policyDigest}${policyId}${policyVersion}${frame.producerVersion}${reasonCodes}${relationshipText}${frame.runId}${invariantHash}${invariantVersion}${SCHEMA},"sequence":`,
    afterSequence: `${frame.sessionId},"tool_name":"${toolName}"${traceId}${tracePath},"verdict":"${verdict}"${violations}},"prev":"`,
    toolName,
    createdAt,
  };
}

function hasOwnKeysOnly(input: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(input);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const _ in Object.prototype) return false;
  return true;
}

function isPlainId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_ID_LENGTH && PLAIN_ID.test(value);
}

/** Each once, in order: of ASCII, that of its UTF-16 units is that of its bytes. */
function isPlainList(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  for (let at = 0; at < value.length; at += 1) {
    if (!isPlainId(value[at]) || (at > 0 && value[at - 1] >= value[at])) return false;
  }
  return true;
}

function list(words: readonly string[]): string {
  return words.length === 1 ? `["${words[0]}"]` : `["${words.join('","')}"]`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
