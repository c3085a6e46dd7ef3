/** What a report page carries, as its reader finds it: nothing in it is believed before it is checked. */

export interface Evidence {
  readonly format: string;
  readonly generated_at: string;
  readonly producer_version: string;
  readonly journal: string;
  readonly report: EvidenceReport;
  readonly keys: readonly { readonly key_id: string; readonly public_key: string }[];
  readonly window: {
    readonly start: number;
    readonly frontier: readonly string[];
    readonly prev?: string;
    readonly missing?: number;
  };
  readonly lines: readonly string[];
}

/** What gait found when the page was made; the page shows it beside what it finds itself. */
export interface EvidenceReport {
  readonly ok: boolean;
  readonly session_id?: string;
  readonly run_id?: string;
  readonly signature_status: string;
  readonly retention?: string;
  readonly coverage: {
    readonly lines: number;
    readonly events: number;
    readonly checkpoints: number;
    readonly tree_size: number;
    readonly root_hash: string;
    readonly signed_to_sequence: number;
    readonly unsigned_events: number;
    readonly closed: boolean;
  };
  readonly problems: readonly Finding[];
  readonly problem_count: number;
  readonly warnings: readonly Finding[];
}

export interface Finding {
  readonly kind: string;
  readonly line: number;
  readonly meaning: string;
}

/** A line, parsed; unknown keys are shown as they are. */
export interface LineRecord {
  readonly record_type?: unknown;
  readonly prev?: unknown;
  readonly note?: unknown;
  readonly header?: Fields;
  readonly event?: Fields;
  readonly checkpoint?: Fields;
}

export type Fields = Readonly<Record<string, unknown>>;
