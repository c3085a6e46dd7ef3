/** What every event of a session shares, as values and as they stand in each line. */
import { canonicalString } from '../sign/index.js';

export interface EventFrame {
  readonly sessionId: string;
  readonly runId: string;
  readonly producerVersion: string;
}

/** Members of an event, each with a comma before it. */
export interface FrameTexts {
  readonly producerVersion: string;
  readonly runId: string;
  readonly sessionId: string;
}

export function frameTexts({ producerVersion, runId, sessionId }: EventFrame): FrameTexts {
  return {
    producerVersion: `,"producer_version":${canonicalString(producerVersion)}`,
    runId: `,"run_id":${canonicalString(runId)}`,
    sessionId: `,"session_id":${canonicalString(sessionId)}`,
  };
}
