/** The most memory that this process ever had. */
import { readFileSync } from 'node:fs';

/**
 * The kernel's high-water mark. On Linux not resourceUsage().maxRSS: that one is inherited through fork and exec, so a
 * child would answer with what its parent had when it was started.
 */
export function peakResidentBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  if (kibibytes === undefined) throw new Error('/proc/self/status does not tell the peak of the resident memory');
  return Number(kibibytes) * 1024;
}
