/**
 * Failures of the disk and of the system become GaitErrors where they happen, so that none can reach a caller as anything
 * else, whichever of a hundred calls it was. Answers stay what they are: that a name is taken, or is not there, is for the
 * caller of the call to judge.
 */
import { errnoOf, type FileSystem } from './file-system.js';
import { ioError } from './io-error.js';

const FAILURES = new Set([
  'EIO',
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EROFS',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EACCES',
  'EPERM',
  'EBUSY',
  'ESTALE',
  'ETIMEDOUT',
]);

type Operation = Exclude<keyof FileSystem, 'kernelLock'>;
type Call = (...args: readonly unknown[]) => unknown;

/** One for each file system, so that descriptors keep their names from one entry point to the next. */
const telling = new WeakMap<FileSystem, FileSystem>();

/** The same file system, whose failures are GaitErrors: DISK_FULL or IO_ERROR, with operation, path and errno. */
export function tellFailures(fs: FileSystem): FileSystem {
  const known = telling.get(fs);
  if (known !== undefined) return known;
  const made = wrap(fs);
  telling.set(fs, made);
  // Handed from one entry point to another, it is not wrapped again.
  telling.set(made, made);
  return made;
}

function wrap(fs: FileSystem): FileSystem {
  const paths = new Map<number, string>();
  const told = (operation: Operation): Call => {
    const real = fs[operation].bind(fs) as Call;
    return (...args) => {
      try {
        return real(...args);
      } catch (error) {
        if (!isFailure(error)) throw error;
        const [target] = args;
        throw ioError(error, operation, typeof target === 'number' ? (paths.get(target) ?? 'a file') : String(target));
      }
    };
  };
  const operations = (Object.keys(fs) as (keyof FileSystem)[]).filter(
    (name): name is Operation => name !== 'kernelLock',
  );
  const wrapped = Object.fromEntries(operations.map((operation) => [operation, told(operation)]));
  const made = { ...fs, ...wrapped };
  return {
    ...made,
    open: (path, mode, permissions) => {
      const descriptor = made.open(path, mode, permissions);
      paths.set(descriptor, path);
      return descriptor;
    },
    close: (descriptor) => {
      made.close(descriptor);
      paths.delete(descriptor);
    },
  };
}

function isFailure(error: unknown): boolean {
  return FAILURES.has(errnoOf(error) ?? '');
}
