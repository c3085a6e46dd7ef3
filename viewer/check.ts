/** The page's own verdict on the lines it carries. Shares no code with what wrote them. Pure. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Evidence, Fields, LineRecord } from './evidence.js';
import { parseNote, signerOf, type TrustedKey } from './note.js';
import { leafHash, Tree } from './tree.js';

export interface Fault {
  /** Place of the line in the log, from 0. */
  readonly leaf: number;
  readonly reason: string;
}

/** A carried line, understood as far as it can be. */
export interface Row {
  readonly leaf: number;
  readonly text: string;
  readonly hash: string;
  readonly kind: 'header' | 'event' | 'checkpoint' | 'unknown';
  readonly fields: Fields;
  readonly prev: string | undefined;
  readonly note: string | undefined;
}

export interface Verdict {
  readonly rows: readonly Row[];
  readonly tree: Tree;
  /** No line of the log is missing, so that roots can be computed. */
  readonly isWhole: boolean;
  readonly faults: readonly Fault[];
  /** Root over all lines of the log, as this page computes it. */
  readonly root: string;
  /** Lines that do name the one before. */
  readonly linked: number;
  /** Checkpoints whose root is the one that this page computes. */
  readonly roots: number;
  /** Notes that one of the keys signed, and the largest tree that one of them covers. */
  readonly signatures: number;
  readonly signedSize: number;
  /** Notes that there is no key for. */
  readonly unchecked: number;
  readonly signers: readonly string[];
}

/** Checks every line: its link, its number, the root and the signature of every checkpoint. Never throws. */
export function check(evidence: Evidence, keys: readonly TrustedKey[]): Verdict {
  const faults: Fault[] = [];
  const { start, frontier, prev: before } = evidence.window;
  const tree = treeOf(start, frontier, faults);
  const isWhole = (evidence.window.missing ?? 0) === 0;
  const rows: Row[] = [];
  const signers = new Set<string>();
  let [linked, roots, signatures, signedSize, unchecked] = [0, 0, 0, 0, 0];
  let previous = before;
  let sequence: number | undefined;
  for (const [at, text] of evidence.lines.entries()) {
    const leaf = start + at;
    const row = rowOf(leaf, text);
    rows.push(row);
    const blame = (reason: string): void => void faults.push({ leaf, reason });
    if (row.kind === 'unknown') blame('it is no line of a journal');
    if (isWhole && row.prev !== undefined && row.prev !== previous)
      blame('it names another hash for the line before it: one of the two was changed');
    if (row.prev !== undefined && row.prev === previous) linked++;
    if (row.kind === 'event') {
      const number = row.fields['sequence'];
      if (
        typeof number !== 'number' ||
        (sequence !== undefined && (isWhole ? number !== sequence + 1 : number <= sequence))
      )
        blame('its number does not follow');
      if (typeof number === 'number') sequence = number;
    }
    if (row.kind === 'checkpoint') {
      const outcome = checkpointFaults(row, isWhole ? tree : undefined, keys);
      for (const reason of outcome.reasons) blame(reason);
      if (outcome.isRootRight) roots++;
      if (outcome.signer !== undefined) {
        signatures++;
        signedSize = leaf;
        signers.add(outcome.signer);
      }
      if (outcome.isUnchecked) unchecked++;
    }
    tree.append(hexToBytes(row.hash));
    previous = row.hash;
  }
  const root = isWhole ? bytesToHex(tree.root(tree.size)) : evidence.report.coverage.root_hash;
  const last = start + evidence.lines.length - 1;
  // Where lines are gone there is nothing to compare: the page says so.
  if (isWhole && tree.size !== evidence.report.coverage.tree_size)
    faults.push({ leaf: last, reason: 'lines are missing, or there are too many' });
  else if (isWhole && root !== evidence.report.coverage.root_hash)
    faults.push({ leaf: last, reason: 'the root is not the one that the report names' });
  return { rows, tree, isWhole, faults, root, linked, roots, signatures, signedSize, unchecked, signers: [...signers] };
}

interface CheckpointOutcome {
  readonly reasons: readonly string[];
  readonly isRootRight: boolean;
  readonly signer?: string;
  readonly isUnchecked: boolean;
}

/** @param tree of the lines before it; without one, nothing is computed, and the note has to say what the line says */
function checkpointFaults(row: Row, tree: Tree | undefined, keys: readonly TrustedKey[]): CheckpointOutcome {
  const { tree_size: size, root_hash: root } = row.fields;
  // A checkpoint of the Go tool has no root.
  if (size === undefined && root === undefined) return { reasons: [], isRootRight: false, isUnchecked: false };
  const found = tree === undefined ? root : bytesToHex(tree.root(tree.size));
  const place = tree === undefined ? size : row.leaf;
  const reasons: string[] = [];
  if (size !== place) reasons.push('it seals another number of lines than stand before it');
  if (root !== found) reasons.push('its root is not that of the lines before it');
  const isRootRight = tree !== undefined && reasons.length === 0;
  if (row.note === undefined) return { reasons, isRootRight, isUnchecked: false };
  try {
    const note = parseNote(row.note);
    if (note.size !== place || bytesToHex(note.root) !== found) reasons.push('its note names another root');
    const signer = signerOf(note, keys);
    if (signer === undefined) return { reasons, isRootRight, isUnchecked: true };
    return { reasons, isRootRight, isUnchecked: false, ...(reasons.length === 0 ? { signer: signer.keyId } : {}) };
  } catch (error) {
    reasons.push(error instanceof Error ? error.message : String(error));
    return { reasons, isRootRight, isUnchecked: false };
  }
}

function treeOf(start: number, frontier: readonly string[], faults: Fault[]): Tree {
  try {
    return new Tree(start, frontier.map(hexToBytes));
  } catch (error) {
    faults.push({ leaf: start, reason: error instanceof Error ? error.message : String(error) });
    return new Tree(0, []);
  }
}

function rowOf(leaf: number, text: string): Row {
  const hash = bytesToHex(leafHash(text));
  let value: LineRecord = {};
  try {
    value = JSON.parse(text) as LineRecord;
  } catch {
    // Said by its kind.
  }
  const kind = (['header', 'event', 'checkpoint'] as const).find(
    (name) => value?.record_type === name && typeof value[name] === 'object' && value[name] !== null,
  );
  return {
    leaf,
    text,
    hash,
    kind: kind ?? 'unknown',
    fields: (kind === undefined ? undefined : value[kind]) ?? {},
    prev: typeof value?.prev === 'string' ? value.prev : undefined,
    note: typeof value?.note === 'string' ? value.note : undefined,
  };
}
