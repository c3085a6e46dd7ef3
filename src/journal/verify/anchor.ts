/**
 * A head of the log that the verifier already trusts: a receipt, or the note of a checkpoint. What the journal held then it
 * must hold now, so truncation and rollback behind it are found.
 */
import { GaitError } from '../../errors.js';
import { noteKey, parseCheckpointText, parseExactJson, parseNote, verifyNote, type NoteKey } from '../../sign/index.js';
import { originOf } from '../checkpoint.js';
import type { KeptCheckpoint } from '../segments/index.js';
import type { SessionLog } from '../session-log.js';
import type { SessionHeader } from '../types.js';
import type { Findings } from './findings.js';

type Anchor =
  | { readonly kind: 'receipt'; readonly sessionId: string; readonly leafIndex: number; readonly leafHash: string }
  | { readonly kind: 'note'; readonly origin: string; readonly size: number; readonly root: string };

const HEX_64 = /^[0-9a-f]{64}$/;

/**
 * @param text a receipt as JSON (bare, or inside the output of an append), or a checkpoint's signed note
 * @throws GaitError INVALID_ARGUMENT, INVALID_NOTE, INVALID_JSON; SIGNATURE_INVALID for a note that none of the keys signed
 */
export function parseAnchor(text: string, publicKeys: readonly Buffer[]): Anchor {
  if (text.trimStart().startsWith('{')) return receiptAnchor(parseExactJson(text.trim()));
  const note = parseNote(text);
  const head = parseCheckpointText(note.text);
  const keys: NoteKey[] = publicKeys.map((key) => noteKey(head.origin, key));
  if (keys.length > 0) verifyNote(note, keys);
  return { kind: 'note', origin: head.origin, size: head.size, root: head.root.toString('hex') };
}

function receiptAnchor(value: unknown): Anchor {
  const outer = value as { readonly receipt?: unknown };
  const receipt = (outer.receipt ?? value) as Readonly<Record<string, unknown>>;
  const { session_id: sessionId, leaf_index: leafIndex, leaf_hash: leafHash } = receipt;
  const isReceipt =
    typeof sessionId === 'string' &&
    Number.isSafeInteger(leafIndex) &&
    (leafIndex as number) >= 0 &&
    typeof leafHash === 'string' &&
    HEX_64.test(leafHash);
  if (!isReceipt) {
    throw new GaitError('INVALID_ARGUMENT', 'this is neither a receipt nor a checkpoint note', {
      hint: 'give the JSON that append printed, or the note that checkpoint --note-out wrote',
    });
  }
  return { kind: 'receipt', sessionId, leafIndex: leafIndex as number, leafHash };
}

/** Follows the log and compares when the anchor's place comes by. Call after every line, and once at the end. */
export class AnchorChecker {
  readonly #anchor: Anchor;
  readonly #findings: Findings;
  #isSettled = false;

  constructor(anchor: Anchor, findings: Findings) {
    this.#anchor = anchor;
    this.#findings = findings;
  }

  afterLine(log: SessionLog, byteOffset: number): void {
    const anchor = this.#anchor;
    if (this.#isSettled || log.frontier.size !== (anchor.kind === 'note' ? anchor.size : anchor.leafIndex + 1)) return;
    this.#isSettled = true;
    const expected = anchor.kind === 'note' ? anchor.root : anchor.leafHash;
    const found = (anchor.kind === 'note' ? log.frontier.root() : log.head)?.toString('hex') ?? '';
    if (expected === found) return;
    this.#findings.problem({
      kind: 'anchor_mismatch',
      line: log.lines,
      byte_offset: byteOffset,
      expected,
      found,
      meaning:
        anchor.kind === 'note'
          ? `the first ${anchor.size} lines are not those that the given checkpoint was made over: the journal was rewritten`
          : `line ${log.lines} is not the one that the given receipt acknowledges: the journal was rewritten`,
    });
  }

  /**
   * Call when lines were stepped over. What was in the tree then is told by the checkpoints that the journal file kept; of a
   * single line that is gone nothing can be told any more.
   */
  afterPruned(prunedLines: number, kept: readonly KeptCheckpoint[]): void {
    const anchor = this.#anchor;
    const size = anchor.kind === 'note' ? anchor.size : anchor.leafIndex + 1;
    if (this.#isSettled || size > prunedLines) return;
    this.#isSettled = true;
    const seal = anchor.kind === 'note' ? kept.find(({ checkpoint }) => checkpoint.tree_size === size) : undefined;
    if (anchor.kind === 'note' && seal !== undefined) {
      const { root_hash: found = '' } = seal.checkpoint;
      if (found === anchor.root) return;
      const meaning = `the checkpoint over the first ${size} lines is not the given one: the journal was rewritten`;
      const place = { line: size + 1, byte_offset: seal.byteOffset };
      this.#findings.problem({ kind: 'anchor_mismatch', ...place, expected: anchor.root, found, meaning });
      return;
    }
    const meaning = `the line that the given ${anchor.kind === 'note' ? 'checkpoint' : 'receipt'} is about is gone, and cannot be compared`;
    this.#findings.warning({ kind: 'lines_pruned', line: size, byte_offset: 0, meaning });
  }

  atEnd(log: SessionLog, byteOffset: number): void {
    const anchor = this.#anchor;
    if (log.header !== undefined && !isOfLog(anchor, log.header)) {
      this.#findings.problem({
        kind: 'anchor_mismatch',
        line: 1,
        byte_offset: 0,
        expected: anchor.kind === 'note' ? anchor.origin : anchor.sessionId,
        found: anchor.kind === 'note' ? originOf(log.header) : log.header.session_id,
        meaning: 'the given receipt or checkpoint belongs to another session',
      });
    }
    if (this.#isSettled) return;
    const size = anchor.kind === 'note' ? anchor.size : anchor.leafIndex + 1;
    this.#findings.problem({
      kind: 'truncated',
      line: log.lines + 1,
      byte_offset: byteOffset,
      expected: `${size} lines`,
      found: `${log.frontier.size} lines`,
      meaning: `the journal held ${size} lines when the given ${anchor.kind === 'note' ? 'checkpoint' : 'receipt'} was made: lines are gone from its end`,
    });
  }
}

function isOfLog(anchor: Anchor, header: SessionHeader): boolean {
  return anchor.kind === 'note' ? anchor.origin === originOf(header) : anchor.sessionId === header.session_id;
}
