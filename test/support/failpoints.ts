/** Makes the calls of an operation to the file system fail, one after the other, and keeps count of what it leaves open. */
import { readdirSync } from 'node:fs';
import { errnoError, FaultFileSystem, type FileCall } from './fault-file-system.js';
import { QUICK } from './journal-fixtures.js';

const ERRNOS = ['EIO', 'ENOSPC', 'EDQUOT', 'EACCES', 'EMFILE', 'EROFS'] as const;

const FAULTS: readonly Fault[] = [...ERRNOS, 'short'];

/** Which faults a call meets: drawn, none of them twice, and a short count only where there is a count. */
export function drawFaults(count: number, canBeShort: boolean, random: () => number): Fault[] {
  const left = FAULTS.filter((fault) => canBeShort || fault !== 'short');
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)).flat();
}

/** `short`: a read or a write handles half of what it was given, and says so. */
export type Fault = (typeof ERRNOS)[number] | 'short';

export class FailingFileSystem extends FaultFileSystem {
  /** Descriptors that were opened and not closed. */
  readonly open: Map<number, string> = new Map();
  /** Calls since `arm`. */
  seen = 0;
  /** Which of them can be short. */
  readonly counted: Set<number> = new Set();
  /** The call that was made to fail. */
  hit: FileCall | undefined = undefined;
  #at = Infinity;
  #fault: Fault = 'EIO';

  constructor() {
    // Every sync is a call that can fail; that it takes its time on a disk proves nothing here.
    super(QUICK.fileSystem);
    this.intercept = (call, proceed) => {
      this.seen += 1;
      if (isCounted(call)) this.counted.add(this.seen);
      const isHit = this.seen === this.#at && (this.#fault !== 'short' || isCounted(call));
      if (isHit) this.hit = call;
      const result = isHit ? this.#strike(call, proceed) : proceed();
      if (call.operation === 'open') this.open.set(result as number, call.path);
      if (call.operation === 'close') this.open.delete(call.args[0] as number);
      return result;
    };
  }

  /** The call of this number, counted from now, fails once. */
  arm(at: number, fault: Fault): void {
    this.seen = 0;
    this.counted.clear();
    this.hit = undefined;
    this.#at = at;
    this.#fault = fault;
  }

  disarm(): void {
    this.#at = Infinity;
  }

  #strike(call: FileCall, proceed: (...args: readonly unknown[]) => unknown): unknown {
    if (this.#fault !== 'short') {
      // A close that fails has closed all the same.
      if (call.operation === 'close') {
        proceed();
        this.open.delete(call.args[0] as number);
      }
      throw errnoError(this.#fault);
    }
    if (call.operation === 'write') {
      const [descriptor, data, position] = call.args as [number, Uint8Array, number | null];
      return proceed(descriptor, data.subarray(0, data.length >> 1), position);
    }
    const [descriptor, buffer, offset, length, position] = call.args as [number, Uint8Array, number, number, number];
    return proceed(descriptor, buffer, offset, length >> 1, position);
  }
}

function isCounted({ operation }: FileCall): boolean {
  return operation === 'read' || operation === 'write';
}

/** Names below a folder that only a file on its way has. */
export function temporariesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tmp-|\.staged$|\.stale-/.test(name),
  );
}
