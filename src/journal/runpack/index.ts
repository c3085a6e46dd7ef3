/** Evidence of a checkpoint that others can check without the journal: runpacks, chains, and the Go tool's index. */
export { checkChainTargets, readChain, writeChain } from './chain.js';
export { writeGoState } from './go-state.js';
export { readPackFacts } from './pack-facts.js';
export { chainPath, goStatePath, isSessionFile } from './session-files.js';
export { verifyChain } from './verify-chain.js';
export { verifyRunpack } from './verify-runpack.js';
export { checkRunpackTarget, writeRunpack } from './write-runpack.js';

export type { ChainProblem, ChainProblemKind, ChainReport, VerifyChainOptions } from './chain-types.js';
export type { SessionChain } from './chain.js';
export type { PackFacts } from './pack-facts.js';
export type { RunEnvironment } from './session-records.js';
export type {
  EvidenceVerdict,
  HashMismatch,
  RunpackBinding,
  RunpackProblem,
  RunpackProblemKind,
  RunpackReport,
  SignatureFacts,
  VerifyRunpackOptions,
} from './types.js';
export type { RunpackPayload, WriteRunpackOptions, WrittenRunpack } from './write-runpack.js';
