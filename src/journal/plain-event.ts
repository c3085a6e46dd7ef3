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
import { VERDICTS, type Verdict } from './types.js';

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
 * A member that says the same in event after event, as policies and tools do: it is checked and put together when it changes.
 * Fields that are another one in each event are not worth the comparison.
 */
class RepeatedMember {
  readonly #isStoredForm: (value: unknown) => boolean;
  readonly #before: string;
  readonly #after: string;
  /** Never good, as it is in no field: so nothing is known at first. */
  #value = '';
  #text: string | undefined;

  constructor(before: string, after: string, isStored: (value: unknown) => boolean) {
    this.#before = before;
    this.#after = after;
    this.#isStoredForm = isStored;
  }

  /** The whole member, comma included; undefined when the careful way has to look. */
  of(value: unknown): string | undefined {
    if (value === this.#value) return this.#text;
    if (typeof value !== 'string' || !this.#isStoredForm(value)) return undefined;
    this.#value = value;
    this.#text = `${this.#before}${value}${this.#after}`;
    return this.#text;
  }
}

// Members in front of created_at end with a comma, those behind it begin with one.
const ACTOR = new RepeatedMember('"actor":"', '",', isPlainId);
const CORRELATION_ID = new RepeatedMember('"correlation_id":"', '",', isPlainId);
const POLICY_DIGEST = new RepeatedMember(',"policy_digest":"', '"', isStoredDigest);
const POLICY_ID = new RepeatedMember(',"policy_id":"', '"', isPlainId);
const POLICY_VERSION = new RepeatedMember(',"policy_version":"', '"', isPlainId);
const SAFETY_INVARIANT_HASH = new RepeatedMember(',"safety_invariant_hash":"', '"', isPlainId);
const SAFETY_INVARIANT_VERSION = new RepeatedMember(',"safety_invariant_version":"', '"', isPlainId);
const TOOL_NAME = new RepeatedMember(',"tool_name":"', '"', (value) => isPlainId(value) && !isReservedTool(value));

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
  let toolText = '';
  let verdict = '';
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
      case 'tool_name': {
        const text = TOOL_NAME.of(value);
        if (text === undefined) return undefined;
        toolName = value as string;
        toolText = text;
        break;
      }
      case 'verdict':
        if (!VERDICTS.includes(value as Verdict)) return undefined;
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
      case 'policy_digest': {
        const text = POLICY_DIGEST.of(value);
        if (text === undefined) return undefined;
        policyDigest = text;
        break;
      }
      case 'actor': {
        const text = ACTOR.of(value);
        if (text === undefined) return undefined;
        actor = text;
        break;
      }
      case 'correlation_id': {
        const text = CORRELATION_ID.of(value);
        if (text === undefined) return undefined;
        correlationId = text;
        break;
      }
      case 'intent_id':
        if (!isPlainId(value)) return undefined;
        intentId = `,"intent_id":"${value}"`;
        break;
      case 'policy_id': {
        const text = POLICY_ID.of(value);
        if (text === undefined) return undefined;
        policyId = text;
        break;
      }
      case 'policy_version': {
        const text = POLICY_VERSION.of(value);
        if (text === undefined) return undefined;
        policyVersion = text;
        break;
      }
      case 'safety_invariant_hash': {
        const text = SAFETY_INVARIANT_HASH.of(value);
        if (text === undefined) return undefined;
        invariantHash = text;
        break;
      }
      case 'safety_invariant_version': {
        const text = SAFETY_INVARIANT_VERSION.of(value);
        if (text === undefined) return undefined;
        invariantVersion = text;
        break;
      }
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
    afterSequence: `${frame.sessionId}${toolText}${traceId}${tracePath},"verdict":"${verdict}"${violations}},"prev":"`,
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
