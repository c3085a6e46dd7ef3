/** Checks a runpack file and reports every problem (docs/go-compatibility.md). Writes nothing, streams in flat memory. */
import { createHash } from 'node:crypto';
import { GaitError } from '../../errors.js';
import { errnoOf, ioError, openRegularFile, TurnTaker, ZipReader, type FileSystem } from '../store/index.js';
import { checkBinding } from './binding.js';
import { PackContent } from './content-check.js';
import { whyUnsafeName } from './entry-name.js';
import { Findings } from './findings.js';
import { MAX_ENTRIES, MAX_MANIFEST_BYTES } from './limits.js';
import { MANIFEST_NAME, parseManifest, PAYLOAD_FOLDER, REQUIRED_FILES, type ManifestRecord } from './manifest.js';
import { listZip, readEntry, type ZipListing } from './read-zip.js';
import { checkSignatures, verdictOf } from './signatures.js';
import type { HashMismatch, RunpackProblem, RunpackReport, SignatureFacts, VerifyRunpackOptions } from './types.js';

/**
 * @param options.expect the checkpoint that the pack is said to belong to
 * @throws GaitError INVALID_RUNPACK when there is nothing to check: no zip file, no manifest, another schema; IO_ERROR;
 * the signal's reason when it aborts. What is wrong with a pack that can be checked is in the report, never thrown.
 */
export async function verifyRunpack(
  fs: FileSystem,
  path: string,
  options: VerifyRunpackOptions = {},
): Promise<RunpackReport> {
  const file = open(fs, path);
  try {
    const zip = await ZipReader.open(fs, file.descriptor, file.size, MAX_ENTRIES);
    if ('notZip' in zip) throw invalidRunpack(path, `it is no zip file (${zip.notZip})`);
    return await new PackVerifier(path, zip, options).verify();
  } catch (error) {
    if (errnoOf(error) === undefined || error instanceof GaitError) throw error;
    throw ioError(error, 'read runpack', path);
  } finally {
    fs.close(file.descriptor);
  }
}

/** Errors that say "there is no such file", as opposed to "it cannot be read". */
const NO_FILE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG']);

function open(fs: FileSystem, path: string): { readonly descriptor: number; readonly size: number } {
  try {
    return openRegularFile(fs, path);
  } catch (error) {
    if (!NO_FILE.has(errnoOf(error) ?? '')) throw ioError(error, 'open runpack', path);
    throw invalidRunpack(path, 'there is no such file', error);
  }
}

function invalidRunpack(path: string, reason: string, cause?: unknown): GaitError {
  return new GaitError('INVALID_RUNPACK', `${path} is not a runpack: ${reason}`, { cause, details: { path, reason } });
}

class PackVerifier {
  readonly #findings = new Findings<RunpackProblem>();
  readonly #missing = new Set<string>();
  readonly #mismatches: HashMismatch[] = [];
  readonly #turns = new TurnTaker();
  readonly #path: string;
  readonly #zip: ZipReader;
  readonly #options: VerifyRunpackOptions;
  #bytes = 0;
  #totalBytes = 0;

  constructor(path: string, zip: ZipReader, options: VerifyRunpackOptions) {
    this.#path = path;
    this.#zip = zip;
    this.#options = options;
  }

  async verify(): Promise<RunpackReport> {
    const report = (problem: RunpackProblem): void => this.#findings.problem(problem);
    const listing = await listZip(this.#zip, report);
    for (const { sizeBytes } of listing.entries.values()) this.#totalBytes += sizeBytes;
    const manifest = await this.#readManifest(listing);
    this.#checkManifest(manifest, listing);
    const content = await this.#checkFiles(manifest, listing);
    const { expect, publicKeys = [], requireSignature = publicKeys.length > 0 } = this.#options;
    if (expect !== undefined) checkBinding(expect, manifest, content, report);
    const signatures = checkSignatures(manifest, publicKeys, requireSignature);
    const isUnproven = requireSignature && signatures.signature_status !== 'verified';
    if (isUnproven || signatures.signature_status === 'failed') {
      report({
        kind: 'signature',
        entry: MANIFEST_NAME,
        found: signatures.signature_errors.join('; '),
        meaning: signatures.signature_note,
      });
    }
    return this.#report(manifest, signatures);
  }

  async #readManifest(listing: ZipListing): Promise<ManifestRecord> {
    const sound = listing.entries.get(MANIFEST_NAME);
    if (sound === undefined) {
      const reasons = this.#findings.problems.slice(0, 3).map((problem) => problem.meaning);
      throw invalidRunpack(
        this.#path,
        listing.names.has(MANIFEST_NAME)
          ? `its manifest cannot be read: ${reasons.join('; ')}`
          : 'it has no manifest.json',
      );
    }
    if (sound.sizeBytes > MAX_MANIFEST_BYTES) throw invalidRunpack(this.#path, 'its manifest is too large');
    const chunks: Buffer[] = [];
    const faults: RunpackProblem[] = [];
    for await (const chunk of readEntry(this.#zip, sound, (fault) => faults.push(fault))) {
      chunks.push(chunk);
      await this.#progress(chunk.length);
    }
    for (const fault of faults) this.#findings.problem(fault);
    return parseManifest(Buffer.concat(chunks));
  }

  #checkManifest(manifest: ManifestRecord, listing: ZipListing): void {
    const listed = new Set<string>([MANIFEST_NAME]);
    for (const { path, sha256 } of manifest.files) {
      const unsafe = whyUnsafeName(path);
      if (unsafe !== undefined) this.#badManifest(path, unsafe, 'the manifest lists a name that is not safe to unpack');
      if (listed.has(path)) this.#badManifest(path, path, 'the manifest lists a file twice, or lists itself');
      if (path.startsWith(PAYLOAD_FOLDER) && path !== `${PAYLOAD_FOLDER}${sha256.toLowerCase()}`) {
        this.#badManifest(path, sha256, 'a payload is named by its digest, and this one is not');
      }
      listed.add(path);
    }
    for (const name of REQUIRED_FILES) if (!listed.has(name)) this.#addMissing(name, 'the manifest does not list it');
    for (const name of listing.names) {
      if (listed.has(name)) continue;
      this.#findings.problem({
        kind: 'undeclared_entry',
        entry: name,
        meaning: 'the manifest does not list this entry: no digest and no signature covers it',
      });
    }
    if (manifest.statedDigest.toLowerCase() !== manifest.digest) {
      this.#addMismatch({ path: MANIFEST_NAME, expected: manifest.statedDigest, actual: manifest.digest });
    }
    for (const key of manifest.unknownKeys) {
      this.#findings.warning({
        kind: 'unknown_key',
        entry: MANIFEST_NAME,
        found: key,
        meaning: 'the manifest digest does not cover this key; a signature does',
      });
    }
  }

  async #checkFiles(manifest: ManifestRecord, listing: ZipListing): Promise<PackContent> {
    const content = new PackContent(manifest.runId, this.#findings);
    // The last required name, run.json, comes first: it says what kind of pack this is.
    const files = manifest.files.toSorted((a, b) => rank(a.path) - rank(b.path));
    const seen = new Set<string>([MANIFEST_NAME]);
    for (const { path, sha256 } of files) {
      if (seen.has(path)) continue;
      seen.add(path);
      const sound = listing.entries.get(path);
      if (sound === undefined) {
        if (!listing.names.has(path)) this.#addMissing(path, 'the manifest lists it, the zip file does not hold it');
        continue;
      }
      const hash = createHash('sha256');
      const reader = content.reader(path);
      for await (const chunk of readEntry(this.#zip, sound, (problem) => this.#findings.problem(problem))) {
        hash.update(chunk);
        reader?.push(chunk);
        await this.#progress(chunk.length);
      }
      reader?.finish();
      const actual = hash.digest('hex');
      if (actual !== sha256.toLowerCase()) this.#addMismatch({ path, expected: sha256, actual });
    }
    content.finish();
    return content;
  }

  async #progress(bytes: number): Promise<void> {
    this.#bytes += bytes;
    this.#options.onProgress?.({ bytes: this.#bytes, totalBytes: this.#totalBytes });
    await this.#turns.rest();
    this.#options.signal?.throwIfAborted();
  }

  #addMissing(name: string, reason: string): void {
    if (this.#missing.has(name)) return;
    this.#missing.add(name);
    this.#findings.problem({
      kind: 'missing_file',
      entry: name,
      found: reason,
      meaning: 'a file of the runpack is missing',
    });
  }

  #addMismatch(mismatch: HashMismatch): void {
    const { path, expected, actual } = mismatch;
    this.#mismatches.push(mismatch);
    this.#findings.problem({
      kind: 'hash_mismatch',
      entry: path,
      expected,
      found: actual,
      meaning: path === MANIFEST_NAME ? 'the manifest was changed after it was digested' : 'the file was changed',
    });
  }

  #badManifest(entry: string, found: string, meaning: string): void {
    this.#findings.problem({ kind: 'bad_manifest', entry, found, meaning });
  }

  #report(manifest: ManifestRecord, signatures: SignatureFacts): RunpackReport {
    const ok = this.#findings.problemCount === 0;
    return {
      ok,
      path: this.#path,
      kind: 'runpack',
      verdict: verdictOf(ok, signatures.signature_status),
      run_id: manifest.runId,
      manifest_digest: manifest.statedDigest,
      files_checked: manifest.files.length,
      missing_files: [...this.#missing].toSorted(),
      hash_mismatches: this.#mismatches.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
      ...signatures,
      ...this.#findings.summary(),
    };
  }
}

function rank(path: string): number {
  return path === 'run.json' ? 0 : 1;
}
