import { isGaitError, type GaitError } from '../../src/errors.js';

/** The GaitError that a call throws; any other outcome fails the test. */
export function thrownBy(call: () => unknown): GaitError {
  try {
    call();
  } catch (error) {
    if (isGaitError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
