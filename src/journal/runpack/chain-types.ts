/** The report on a chain. Fields that the Go tool has too keep its names (docs/go-compatibility.md). */
import type { SessionCheckpoint, SessionHeader } from '../types.js';
import type { SignatureStatus } from '../verify-types.js';
import type { EvidenceVerdict, RunpackProblemKind } from './types.js';

export type ChainProblemKind =
  | RunpackProblemKind
  /** Index, previous digest, range or digest of a checkpoint does not follow from the one before. */
  | 'linkage'
  /** The runpack of a checkpoint is not where it may be, or cannot be checked. */
  | 'runpack_unreadable'
  /** The chain against the journal. */
  | 'journal_mismatch';

export interface ChainProblem {
  readonly kind: ChainProblemKind;
  readonly checkpoint_index?: number;
  /** The runpack's file, for what is wrong inside it; then entry and line as there. */
  readonly runpack?: string;
  readonly entry?: string;
  readonly line?: number;
  readonly expected?: string;
  readonly found?: string;
  readonly meaning: string;
}

export interface ChainReport {
  readonly ok: boolean;
  readonly path: string;
  readonly chain_path: string;
  readonly kind: 'chain';
  readonly verdict: EvidenceVerdict;
  readonly session_id: string;
  readonly run_id: string;
  readonly checkpoints_checked: number;
  readonly runpacks_checked: number;
  /** Last sequence up to which every checkpoint is signed, by its own signature or its runpack's; 0 when the first is not. */
  readonly signed_to_sequence: number;
  readonly signature_status: SignatureStatus;
  /** Key IDs whose signatures verified, on a checkpoint or on its runpack, each once. */
  readonly signed_by: readonly string[];
  /** In the words of the Go tool, and of ours for what it does not look at. */
  readonly linkage_errors: readonly string[];
  readonly checkpoint_errors: readonly string[];
  readonly problems: readonly ChainProblem[];
  readonly problem_count: number;
  readonly warnings: readonly ChainProblem[];
  readonly warning_count: number;
}

export interface VerifyChainOptions {
  /** 32 bytes each; a signature by any of them counts. */
  readonly publicKeys?: readonly Buffer[];
  /** Defaults to whether keys were given, as for a runpack. */
  readonly requireSignature?: boolean;
  /** Folders in which runpacks may be, beside the working directory and the chain's own folder. */
  readonly runpackFolders?: readonly string[];
  /** What the journal says. Without it, checkpoints removed from the chain's end go unnoticed (W21). */
  readonly journal?: { readonly header: SessionHeader; readonly checkpoints: readonly SessionCheckpoint[] };
  readonly onProgress?: (done: { readonly checkpoints: number; readonly totalCheckpoints: number }) => void;
  readonly signal?: AbortSignal;
}
