/** Traces of one signer, and what the verifier says of them and of what became of them. */
import { verifyTrace, type TraceReport } from '../../src/index.js';
import { fileOf, oracleKey, plainRecord, signatureOver, type Fields, type OracleKey } from './oracle.js';

export const key: OracleKey = oracleKey('one');
export const otherKey: OracleKey = oracleKey('other');
export const publicKeys: readonly Uint8Array[] = [key.publicKey];

export const check = (text: string, keys: readonly Uint8Array[] = publicKeys): TraceReport =>
  verifyTrace(text, 'trace.json', { publicKeys: keys });
export const kinds = ({ problems }: TraceReport): string[] => problems.map(({ kind }) => kind);

/** A signed record of which something was changed after the signing. */
export const tampered = (record: Fields, changed: Fields, signer: OracleKey = key): string =>
  fileOf({ ...record, signature: signatureOver(record, signer), ...changed });

/** The same with its signature block changed. */
export const withBlock = (changed: Fields, record: Fields = plainRecord): string =>
  fileOf({ ...record, signature: { ...signatureOver(record, key), ...changed } });
