import { GaitError } from '../../src/errors.js';

/** The GaitError that a call throws; anything else, also a call that returns, fails the test. */
export function caught(call: () => unknown): GaitError {
  let value: unknown;
  try {
    value = call();
  } catch (error) {
    if (error instanceof GaitError) return error;
    throw error;
  }
  throw new Error(`expected a GaitError, got ${String(value)}`);
}
