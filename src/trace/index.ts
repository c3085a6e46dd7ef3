/** Traces: signed records of single decisions. */
export { verifyTrace, verifyTraceFile } from './verify-trace.js';

export type { TraceDemands, TraceFacts, TraceProblem, TraceProblemKind, TraceReport } from './trace-report.js';
export type { VerifyTraceOptions } from './verify-trace.js';
