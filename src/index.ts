/** The public API. */
export { ERROR_CODES, GaitError, isGaitError } from './errors.js';
export {
  listSessions,
  openJournal,
  readJournal,
  readStatus,
  sessionJournalPath,
  startSession,
  VERDICTS,
  verifyJournal as verify,
  VERSION,
} from './journal/index.js';
export { canonicalJson, parseExactJson, sha256Hex } from './sign/index.js';

export type { ErrorCategory, ErrorCode, GaitErrorOptions } from './errors.js';
export type {
  AppendOptions,
  CheckpointOptions,
  CheckpointResult,
  Durability,
  Environment,
  EventInput,
  FileStat,
  FileSystem,
  Journal,
  JournalLine,
  JournalLineBase,
  JsonObject,
  KernelLock,
  LockLayers,
  LockOptions,
  OpenMode,
  OpenOptions,
  Problem,
  ProblemKind,
  ReadOptions,
  Receipt,
  SealPolicy,
  SessionCheckpoint,
  SessionEvent,
  SessionHeader,
  SessionListEntry,
  SessionStatus,
  SignatureStatus,
  StartOptions,
  Verdict,
  VerifyCoverage,
  VerifyOptions,
  VerifyReport,
} from './journal/index.js';
export type { JsonValue, KeyPair, SignatureBlock } from './sign/index.js';
