/** The id that ties the output of one run of the CLI to whatever called it. */
import { GaitError } from '../src/errors.js';

/** Hex digits of the id that is derived when none is given, as the Go tool has it. */
const DERIVED_LENGTH = 24;

/** Separates the arguments in the derivation: the ASCII unit separator. */
const SEPARATOR = '\u001f';

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * The id that the caller gave, by flag or else by GAIT_CORRELATION_ID; undefined when neither says anything.
 *
 * @throws GaitError INVALID_ARGUMENT for control characters: the id ends up in logs and terminals
 */
export function givenCorrelationId(flag: string | undefined, environment: string | undefined): string | undefined {
  const id = (flag ?? environment)?.trim();
  if (id === undefined || id === '') return undefined;
  if (CONTROL.test(id)) {
    const name = flag === undefined ? 'GAIT_CORRELATION_ID' : '--correlation-id';
    throw new GaitError('INVALID_ARGUMENT', `${name} contains control characters`, { details: { flag: name } });
  }
  return id;
}

/** The Go tool's derived id: equal command lines have equal ids. */
export async function derivedCorrelationId(argv: readonly string[]): Promise<string> {
  const { sha256Hex } = await import('../src/index.js');
  const text = ['gait', ...argv].map((arg) => arg.trim()).join(SEPARATOR);
  return sha256Hex(text).slice(0, DERIVED_LENGTH);
}
