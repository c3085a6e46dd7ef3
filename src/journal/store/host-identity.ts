/** Who holds a lock, in a form that another process can judge. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface HostIdentity {
  readonly host: string;
  /** Changes at every boot, equal in all containers of one kernel; the host name where the kernel has none. */
  readonly boot: string;
  readonly pid: number;
}

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

let known: HostIdentity | undefined;

export function hostIdentity(): HostIdentity {
  return (known ??= { host: hostname(), boot: readBootId() ?? hostname(), pid: process.pid });
}

function readBootId(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readFileSync(BOOT_ID_FILE, 'latin1').trim();
  } catch {
    // Some sandboxes hide /proc: the host name alone is then the weaker identity.
    return undefined;
  }
}

/** True when a process of that number runs on this host, whoever owns it. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
