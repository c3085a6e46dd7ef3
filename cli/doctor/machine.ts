/** What `gait doctor` asks of the machine it runs on, as an interface: tests plant machines that nobody has at hand. */
import type { KeySources } from '../../src/index.js';

export type DiskKind = 'local' | 'memory' | 'overlay' | 'network' | 'unknown';

export interface DiskFacts {
  /** Such as `ext4`, `nfs`, or the magic number of one that is not known. */
  readonly name: string;
  readonly kind: DiskKind;
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
  /** 0 where the file system makes them as it goes. */
  readonly totalInodes: number;
}

/** What a few small writes with a sync showed. */
export interface WriteProbe {
  readonly syncMedianMs: number;
  readonly syncWorstMs: number;
  /** How far the time that a new file gets is ahead of this host's clock. */
  readonly clockAheadMs: number;
}

export interface Machine {
  readonly nodeVersion: string;
  readonly tempFolder: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Why the kernel lock is not to be had, if so; with a folder, in it or in what there is of the way to it. */
  kernelLockFault(folder?: string): string | undefined;
  disk(folder: string): DiskFacts;
  /** Writes, syncs and removes a file of its own. Throws GaitError IO_ERROR, DISK_FULL. */
  tryWrite(folder: string): WriteProbe;
  look(path: string): Look;
  list(folder: string): readonly string[];
  makeFolder(path: string): void;
  /** Takes the rights of group and others away. */
  restrict(path: string): void;
}

export interface Look {
  readonly kind: 'file' | 'folder' | 'other' | 'missing';
  /** Permission bits. */
  readonly mode: number;
}

/** All that the checks need to know. */
export interface Patient {
  readonly root: string;
  readonly configPath: string;
  /** Whether the path of the configuration was given, so that it has to be there. */
  readonly isConfigGiven: boolean;
  /** As given by flags; nothing in it when none was. */
  readonly keys: KeySources;
  readonly isProduction: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly machine: Machine;
  /** Told what is being looked at. */
  readonly tell: (state: string) => void;
}
