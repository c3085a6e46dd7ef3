/** The journal engine. */
export { detectArtifact, readTextFile, verifyChainFile, verifyProofFile, verifyRunpackFile } from './artifact.js';
export { stagedPath, writeLoneCompanion } from './companion.js';
export { checkId } from './event-fields.js';
export { formatDurationMs, parseDurationMs } from './duration.js';
export { initKeys, rotateKeys } from './key-files.js';
export { loadPrivateKey, loadPublicKey } from './key-source.js';
export { inspectHealth } from './health.js';
export { kernelLockFault } from './kernel-lock-fault.js';
export { inspectSession, withWriterLock } from './inspect.js';
export { openEngineJournal, openJournal, startEngineSession, startSession } from './open.js';
export { replaceOutput, writeNewFile } from './new-output.js';
export { SALT_BYTES } from './payload-files.js';
export { proveConsistency, proveInclusion } from './prove.js';
export { readPayload } from './read-payload.js';
export { readJournal } from './reader.js';
export { readPackFacts } from './runpack/index.js';
export { sessionJournalPath } from './session-path.js';
export { refuseUnknown, resolveWorld } from './settings.js';
export { resolveSigningKey, resolveVerifyKey, verifyKeyPair } from './signing-key.js';
export { journalsIn, listSessions, readStatus } from './status.js';
export {
  cleanFolder,
  errnoOf,
  ioError,
  makeDirectories,
  openRegularFile,
  readChunks,
  readWhole,
  replaceFile,
  syncFile,
} from './store/index.js';
export { readJournalByTime } from './time-seek.js';
export { replaceTextFile } from './text-file.js';
export { NO_TIME, normalizeTimestamp, timeKey } from './timestamp.js';
export { VERDICTS } from './types.js';
export { resolveDemands, verifyJournal } from './verify/index.js';
export { VERSION } from './version.js';

export type { ArtifactKind } from './artifact.js';
export type { SessionInspection } from './inspect.js';

export type { InclusionProof, Proof, ProveOptions } from './prove.js';
export type {
  ChainProblem,
  ChainProblemKind,
  ChainReport,
  EvidenceVerdict,
  HashMismatch,
  PackFacts,
  RunpackProblem,
  RunpackProblemKind,
  RunpackReport,
} from './runpack/index.js';
export type { ProofReport } from './verify/index.js';
export type { InitKeysOptions, KeyFileOptions, KeyFiles } from './key-files.js';
export type { IndexState, JournalHealth } from './health.js';
export type { KeySource } from './key-source.js';
export type { OpenedPayload } from './read-payload.js';
export type { KeyMode, KeyPairReport, KeySources, SigningKey } from './signing-key.js';
export type { World } from './settings.js';
export type { FileStat, FileSystem, KernelLock, LockFinding, LockOwner, OpenMode } from './store/index.js';
export type { CompactOptions, CompactionPolicy, CompactionResult, CompactionSegment } from './compaction-types.js';
export type { RetentionState, SegmentInfo, Tombstones } from './retention-types.js';
export type {
  CheckpointResult,
  Durability,
  JournalLine,
  JournalLineBase,
  Receipt,
  SessionListEntry,
  SessionStatus,
} from './answer-types.js';
export type { Environment, LockLayers, LockOptions } from './environment.js';
export type {
  AppendOptions,
  CheckpointOptions,
  CompanionFile,
  Journal,
  OpenOptions,
  PayloadInput,
  ReadOptions,
  SealPolicy,
  StartOptions,
} from './handle-types.js';
export type {
  EventInput,
  JsonObject,
  PayloadRef,
  SessionCheckpoint,
  SessionEvent,
  SessionHeader,
  Verdict,
} from './types.js';
export type {
  Problem,
  ProblemKind,
  SignatureStatus,
  VerifyCoverage,
  VerifyOptions,
  VerifyReport,
} from './verify-types.js';
