import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Every entry of a folder, itself included: kind, mode, inode, size, times of change, and bytes. */
export function fullSnapshot(folder: string): Record<string, string> {
  const names = ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })].toSorted();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(folder, name);
      const { mode, ino, size, mtimeMs, ctimeMs } = lstatSync(path);
      const bytes = lstatSync(path).isFile() ? readFileSync(path).toString('latin1') : '';
      return [name, JSON.stringify([mode, ino, size, mtimeMs, ctimeMs, bytes])];
    }),
  );
}
