/**
 * The YAML library, loaded on first use: it is seventy files, which would double the time that a one-shot command takes, and
 * only commands that read a configuration need it.
 */
import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

let loaded: typeof Yaml | undefined;

export function yaml(): typeof Yaml {
  return (loaded ??= createRequire(import.meta.url)('yaml') as typeof Yaml);
}
