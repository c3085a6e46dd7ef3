import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { nodeFileSystem } from '../../src/journal/store/index.js';
import type { FileSystem } from '../../src/index.js';

export type FileOperation = Exclude<keyof FileSystem, 'kernelLock'>;

/** One call of the engine to the file system. */
export interface FileCall {
  readonly operation: FileOperation;
  /** The path given, or the one that the given descriptor was opened with. */
  readonly path: string;
  readonly args: readonly unknown[];
}

/**
 * Stands between the engine and the real file system. What it does before `proceed` happens before the real call, what
 * it does after, after; it may throw, or return something else than the real call did.
 */
export type Intercept = (call: FileCall, proceed: (...args: readonly unknown[]) => unknown) => unknown;

const OPERATIONS = Object.keys(nodeFileSystem).filter((name): name is FileOperation => name !== 'kernelLock');

/** The real file system, with every call on record and open to interception. */
export class FaultFileSystem {
  readonly fs: FileSystem;
  readonly calls: FileCall[] = [];
  /** In force until replaced. */
  intercept: Intercept | undefined;
  readonly #paths = new Map<number, string>();
  readonly #real: FileSystem;

  /** @param real what stands behind it */
  constructor(real: FileSystem = nodeFileSystem) {
    this.#real = real;
    const wrapped = Object.fromEntries(OPERATIONS.map((operation) => [operation, this.#wrap(operation)]));
    this.fs = { ...real, ...wrapped };
  }

  /** Calls of one operation on paths that end so. */
  count(operation: FileOperation, pathEnd: string): number {
    return this.calls.filter((call) => call.operation === operation && call.path.endsWith(pathEnd)).length;
  }

  /** The named operation on paths that end so fails with `errno`, from now on, the real call not made. */
  fail(operation: FileOperation, pathEnd: string, errno: string): void {
    this.intercept = (call, proceed) => {
      if (call.operation === operation && call.path.endsWith(pathEnd)) throw errnoError(errno);
      return proceed();
    };
  }

  #wrap(operation: FileOperation): (...args: readonly unknown[]) => unknown {
    const real = this.#real[operation] as (...args: readonly unknown[]) => unknown;
    return (...args) => {
      const [target] = args;
      const path = typeof target === 'number' ? (this.#paths.get(target) ?? '') : String(target);
      // What is written is the caller's again after the call: the record keeps a copy.
      const kept = args.map((arg) => (operation === 'write' && arg instanceof Uint8Array ? Buffer.from(arg) : arg));
      const call = { operation, path, args: kept };
      this.calls.push(call);
      const proceed = (...changed: readonly unknown[]): unknown => real(...(changed.length > 0 ? changed : args));
      const result = this.intercept === undefined ? proceed() : this.intercept(call, proceed);
      if (operation === 'open') this.#paths.set(result as number, path);
      return result;
    };
  }
}

/** An error as Node's own file functions throw it: for some, EDQUOT among them, it knows no more than the number. */
export function errnoError(name: string): Error {
  const errno = -((constants.errno as Readonly<Record<string, number>>)[name] ?? 1);
  return Object.assign(new Error(`${name}: injected`), { errno, code: getSystemErrorName(errno) });
}
