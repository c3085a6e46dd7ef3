/** manifest.json: what a runpack holds, by digest (docs/go-compatibility.md). */
import { isUtf8 } from 'node:buffer';
import { GaitError, isGaitError } from '../../errors.js';
import { canonicalDigest, canonicalJson, parseExactJson, signValue, type KeyPair } from '../../sign/index.js';
import { SCHEMA_VERSION } from '../record.js';
import { normalizeTimestamp } from '../timestamp.js';
import type { JsonObject } from '../types.js';

export const MANIFEST_NAME = 'manifest.json';
const MANIFEST_SCHEMA_ID = 'gait.runpack.manifest';

/** The entries that every runpack has beside its manifest. */
export const REQUIRED_FILES = ['intents.jsonl', 'refs.json', 'results.jsonl', 'run.json'] as const;

/** Folder of the payloads that a pack may carry: `payloads/<sha256>`. */
export const PAYLOAD_FOLDER = 'payloads/';

export interface ManifestFile {
  readonly path: string;
  /** Hex; lower-case where we write it. */
  readonly sha256: string;
}

export interface ManifestFacts {
  readonly createdAt: string;
  readonly producerVersion: string;
  readonly runId: string;
  readonly files: readonly ManifestFile[];
}

/** The manifest's text, signed when there is a key, and its digest. */
export function buildManifest(facts: ManifestFacts, key?: KeyPair): { readonly text: string; readonly digest: string } {
  const fields = {
    schema_id: MANIFEST_SCHEMA_ID,
    schema_version: SCHEMA_VERSION,
    created_at: facts.createdAt,
    producer_version: facts.producerVersion,
    run_id: facts.runId,
    capture_mode: 'reference',
    files: facts.files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
  const digest = canonicalDigest({ ...fields, manifest_digest: '' });
  // The signature is over the filled manifest, so that it covers the digest too.
  const filled = { ...fields, manifest_digest: digest };
  const manifest = key === undefined ? filled : { ...filled, signatures: [signValue(filled, key)] };
  return { text: canonicalJson(manifest), digest };
}

/** A manifest that was read. */
export interface ManifestRecord {
  readonly runId: string;
  readonly files: readonly ManifestFile[];
  /** As stated. */
  readonly statedDigest: string;
  /** Recomputed over the fields that the Go tool knows. */
  readonly digest: string;
  /** What a signature block must name: over the whole object without its signatures. */
  readonly signedDigest: string;
  readonly signatures: readonly unknown[];
  /** Keys that `digest` does not cover; a signature does. */
  readonly unknownKeys: readonly string[];
}

const KNOWN_KEYS = new Set([
  'schema_id',
  'schema_version',
  'created_at',
  'producer_version',
  'run_id',
  'capture_mode',
  'files',
  'manifest_digest',
  'signatures',
]);

/** @throws GaitError INVALID_RUNPACK when there is nothing to check the pack by */
export function parseManifest(bytes: Buffer): ManifestRecord {
  const raw = parseObject(bytes);
  if (raw['schema_id'] !== MANIFEST_SCHEMA_ID) throw invalid(`its schema_id is not ${MANIFEST_SCHEMA_ID}`);
  if (raw['schema_version'] !== SCHEMA_VERSION) throw invalid(`its schema_version is not ${SCHEMA_VERSION}`);
  const runId = text(raw, 'run_id');
  if (runId.trim() === '') throw invalid('it has no run_id');
  const { signatures: stated, ...signed } = raw;
  const files = fileList(raw['files']);
  const normal = {
    schema_id: MANIFEST_SCHEMA_ID,
    schema_version: SCHEMA_VERSION,
    created_at: timestamp(raw),
    producer_version: text(raw, 'producer_version'),
    run_id: runId,
    capture_mode: text(raw, 'capture_mode'),
    // An absent list is null to the Go tool.
    files: raw['files'] === undefined || raw['files'] === null ? null : files,
    manifest_digest: '',
  };
  const signatures: unknown = stated ?? [];
  if (!Array.isArray(signatures)) throw invalid('its signatures are no list');
  return {
    runId,
    files,
    statedDigest: text(raw, 'manifest_digest'),
    digest: canonicalDigest(normal),
    signedDigest: canonicalDigest(signed),
    signatures,
    unknownKeys: Object.keys(raw).filter((key) => !KNOWN_KEYS.has(key)),
  };
}

function parseObject(bytes: Buffer): JsonObject {
  let value: unknown;
  try {
    if (!isUtf8(bytes)) throw invalid('it is not valid UTF-8');
    value = parseExactJson(bytes.toString('utf8'));
  } catch (error) {
    throw isGaitError(error) && error.code === 'INVALID_JSON'
      ? invalid(`it has no one meaning: ${error.message}`)
      : error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('it is no JSON object');
  return value as JsonObject;
}

/** As the Go tool reads an absent text: empty. */
function text(raw: JsonObject, key: string): string {
  const value = raw[key] ?? '';
  if (typeof value !== 'string') throw invalid(`its ${key} is no text`);
  return value;
}

/** What the Go tool makes of the time before it digests it. */
function timestamp(raw: JsonObject): string {
  const value = raw['created_at'];
  if (value === undefined || value === null) return '0001-01-01T00:00:00Z';
  try {
    return normalizeTimestamp(text(raw, 'created_at'), 'created_at');
  } catch (error) {
    throw isGaitError(error) && error.code === 'INVALID_EVENT' ? invalid('its created_at is no RFC 3339 time') : error;
  }
}

function fileList(value: unknown): ManifestFile[] {
  const list: unknown = value ?? [];
  if (!Array.isArray(list)) throw invalid('its files are no list');
  return (list as unknown[]).map((item) => {
    if (typeof item !== 'object' || item === null) throw invalid('one of its files is no object');
    const file = item as JsonObject;
    return { path: text(file, 'path'), sha256: text(file, 'sha256') };
  });
}

function invalid(reason: string): GaitError {
  return new GaitError('INVALID_RUNPACK', `the manifest cannot be used: ${reason}`, {
    details: { entry: MANIFEST_NAME, reason },
  });
}
