/** Memory and descriptors of a process, and bytes on disk, as they are now. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ProcessFacts {
  readonly residentBytes: number;
  readonly descriptors: number;
}

/** One entry, or none where there is no /proc or the process is gone. */
export function processFacts(pid: number): ProcessFacts[] {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    if (kibibytes === undefined) return [];
    return [{ residentBytes: Number(kibibytes) * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length }];
  } catch {
    // Processes of a swarm come and go: the next sample sees those that stay.
    return [];
  }
}

/** Of all files below a folder; one that goes meanwhile counts nothing. */
export function diskBytes(dir: string): number {
  let bytes = 0;
  for (const path of filesBelow(dir)) bytes += lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

function filesBelow(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
      const path = join(dir, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
  } catch {
    // The folder went away while it was listed.
    return [];
  }
}
