/** Verifies one piece of evidence on behalf of a command: progress on a terminal, the report as an outcome. */
import { performance } from 'node:perf_hooks';
import { isGaitError } from '../src/errors.js';
import type { ArtifactReport, VerifyOptions } from '../src/index.js';
import type { Invocation, Outcome } from './command.js';
import { EXIT_CODES, EXIT_OK } from './exit-codes.js';
import type { Io } from './io.js';
import { paintFor } from './paint.js';
import { describeBytes, whileWorking } from './progress.js';
import { describeReport, describeWarnings } from './report-text.js';
import { nextCommands } from './runpack-text.js';
import { clean } from './text.js';

/** Throws as the library's verify does. */
export async function checkArtifact(
  path: string,
  invocation: Invocation,
  options: VerifyOptions,
): Promise<ArtifactReport> {
  const { verify } = await import('../src/index.js');
  const startedMs = performance.now();
  return await whileWorking(invocation, `verifying ${clean(path)}`, async (tell) =>
    verify(path, {
      ...options,
      onProgress: ({ bytes, totalBytes }) => {
        tell(describeBytes(bytes, totalBytes, performance.now() - startedMs));
      },
    }),
  );
}

/**
 * Verifies the first of the paths at which there is a file.
 *
 * @throws GaitError FILE_NOT_FOUND naming the first path when nothing is at any; else as {@link checkArtifact}
 */
export async function checkFirst(
  paths: readonly [string, ...string[]],
  invocation: Invocation,
  options: VerifyOptions,
): Promise<ArtifactReport> {
  const [path, next, ...rest] = paths;
  try {
    return await checkArtifact(path, invocation, options);
  } catch (error) {
    if (next === undefined || !isGaitError(error) || error.code !== 'FILE_NOT_FOUND') throw error;
    try {
      return await checkFirst([next, ...rest], invocation, options);
    } catch (later) {
      throw isGaitError(later) && later.code === 'FILE_NOT_FOUND' ? error : later;
    }
  }
}

/** @param isOneOfSeveral whether warnings have to say what they are about; @param io whose terminal may show the verdict in colour */
export function describeOutcome(report: ArtifactReport, io: Io, isOneOfSeveral = false): Outcome {
  const [verdict = '', ...rest] = describeReport(report);
  return {
    exitCode: report.ok ? EXIT_OK : EXIT_CODES.verification_failed,
    json: { ...report, ...(report.kind === 'runpack' ? { next_commands: nextCommands(report) } : {}) },
    text: [paintFor(io)[report.ok ? 'good' : 'bad'](verdict), ...rest],
    warnings: describeWarnings(report, isOneOfSeveral),
  };
}

/** Of several answers: evidence that is bad outweighs evidence that could not be checked. */
export function worstExit(codes: readonly number[]): number {
  if (codes.includes(EXIT_CODES.verification_failed)) return EXIT_CODES.verification_failed;
  return codes.find((code) => code !== EXIT_OK) ?? EXIT_OK;
}
