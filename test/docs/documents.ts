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
