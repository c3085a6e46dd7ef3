/** Traces: signed records of single decisions; and timelines, in which they stand among the events of journals. */
export { emitTrace } from './emit-trace.js';
export { timeline } from './timeline.js';
export { verifyTrace, verifyTraceFile } from './verify-trace.js';

export type { EmittedTrace, EmitTraceOptions, TraceEventInput } from './emit-trace.js';
export type { TimelineClock, TimelineEntry, TimelineKind } from './timeline-entry.js';
export type { TimelineFilter, TimelineProblem, TimelineSource, TimelineSummary } from './timeline-filter.js';
export type { TraceInput } from './trace-input.js';
export type { TraceDemands, TraceFacts, TraceProblem, TraceProblemKind, TraceReport } from './trace-report.js';
export type { VerifyTraceOptions } from './verify-trace.js';
