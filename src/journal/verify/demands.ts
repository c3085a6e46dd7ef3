/** What a verifier is told to insist on. */
import { GaitError } from '../../errors.js';
import type { VerifyOptions } from '../verify-types.js';

/** The options of verify that concern what is demanded, complete. */
export interface Demands {
  readonly publicKeys: readonly Buffer[];
  readonly isStrict: boolean;
  readonly isSignatureRequired: boolean;
}

/** Throws INVALID_ARGUMENT for an unknown profile, and for the strict one without a key. */
export function resolveDemands(options: Pick<VerifyOptions, 'publicKeys' | 'profile' | 'requireSignature'>): Demands {
  const isStrict = options.profile === 'strict';
  const publicKeys = (options.publicKeys ?? []).map((key) => Buffer.from(key));
  if (options.profile !== undefined && options.profile !== 'standard' && !isStrict) {
    throw new GaitError('INVALID_ARGUMENT', 'profile must be standard or strict', {
      details: { found: options.profile },
    });
  }
  if (isStrict && publicKeys.length === 0) {
    throw new GaitError(
      'INVALID_ARGUMENT',
      'the strict profile needs a public key: without one no signature can be checked',
    );
  }
  return { publicKeys, isStrict, isSignatureRequired: isStrict || options.requireSignature === true };
}
