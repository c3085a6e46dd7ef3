import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../support/paths.js';

/** The text of a document of the checkout, by its path from the root. */
export function readDocument(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8');
}

/**
 * What a fenced code block holds that follows the comment `<!-- name -->`.
 *
 * Throws when there is none: a test of an example that has gone must not pass.
 */
export function exampleIn(document: string, name: string): string {
  const [, after] = document.split(`<!-- ${name} -->`);
  const block = /^\s*```\w*\n([\s\S]*?)```/.exec(after ?? '');
  if (block?.[1] === undefined) throw new Error(`there is no code block after <!-- ${name} -->`);
  return block[1];
}

/** Guides whose blocks are run in their order, in one folder for each guide. */
export const GUIDES: readonly string[] = [
  'docs/embedding.md',
  'docs/operating.md',
  'docs/auditing.md',
  'docs/moving-from-go.md',
  'docs/retention.md',
  'docs/traces.md',
];

/** A fenced code block, as a reader copies it. */
export interface Block {
  /** The word behind the fence, `` where there is none. */
  readonly language: string;
  readonly code: string;
  /** What the comment right before it says: `example:cli`. */
  readonly marker: string | undefined;
}

/** Every fenced block. Throws for a fence of another kind, or one that is indented, which other readers might not see. */
export function blocksOf(document: string): Block[] {
  const fence = /^(?:<!-- (\S+) -->\n\n)?```(\w*)\n([\s\S]*?)^```$/gm;
  const blocks = [...document.matchAll(fence)].map(([, marker, language = '', code = '']) => ({
    language,
    code,
    marker,
  }));
  const fences = document.match(/^[ >]*(?:```|~~~)/gm) ?? [];
  if (fences.length !== 2 * blocks.length) throw new Error('a fence begins no block of the form that tests read');
  return blocks;
}
