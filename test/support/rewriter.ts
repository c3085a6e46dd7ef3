/**
 * What somebody who can write the files, but does not hold the key, can do to a journal: change lines and make every hash
 * right again. Written from docs/format.md; shares no code with src/.
 */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { leafHash } from '../interop/oracle.js';
import { naiveRoot } from '../sign/naive-tree.js';

export type Fields = Readonly<Record<string, unknown>>;

/** A line as parsed. */
export interface Line {
  readonly record_type: string;
  readonly prev?: string;
  readonly header?: Fields;
  readonly event?: Fields;
  readonly checkpoint?: Fields;
  readonly note?: string;
}

/** The tree before a checkpoint's own line. */
export interface Head {
  readonly size: number;
  readonly root: Buffer;
}

/**
 * Puts lines in order again after a change: every `prev`, and every checkpoint's tree and digests, recomputed.
 *
 * @param resign what becomes of the signatures of a checkpoint whose other fields are final; by default they stay as they are
 * @returns the lines' texts, without LF
 */
export function relinked(lines: readonly Line[], resign: (line: Line, head: Head) => Line = (line) => line): string[] {
  const leaves: Buffer[] = [];
  let digest: unknown;
  return lines.map((line) => {
    const prev = leaves.at(-1)?.toString('hex');
    let linked: Line = prev === undefined ? line : { ...line, prev };
    if (line.checkpoint !== undefined) {
      const head = { size: leaves.length, root: naiveRoot(leaves) };
      const checkpoint = recomputed(line.checkpoint, head, prev ?? '', digest);
      linked = resign({ ...linked, checkpoint }, head);
      digest = checkpoint['checkpoint_digest'];
    }
    const text = textOf(linked);
    leaves.push(leafHash(text));
    return text;
  });
}

export function parsed(lines: readonly string[]): Line[] {
  return lines.map((line) => JSON.parse(line) as Line);
}

export function textOf(value: unknown): string {
  return canonicalize(value) ?? '';
}

/** gait-go-spec section 2.5 for the digest; a checkpoint without a runpack names its root as manifest. */
function recomputed(old: Fields, { size, root }: Head, head: string, prevDigest: unknown): Fields {
  const hex = root.toString('hex');
  const checkpoint: Fields = {
    ...old,
    tree_size: size,
    root_hash: hex,
    head,
    manifest_digest: old['runpack_path'] === '' ? hex : old['manifest_digest'],
    ...(prevDigest === undefined ? {} : { prev_checkpoint_digest: prevDigest }),
  };
  const { manifest_digest: manifest, checkpoint_index: index, sequence_start: start, sequence_end: end } = checkpoint;
  const digested = [manifest, prevDigest ?? '', index, start, end].map(String).join(':');
  return { ...checkpoint, checkpoint_digest: createHash('sha256').update(digested).digest('hex') };
}
