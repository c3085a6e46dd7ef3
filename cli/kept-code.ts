/**
 * Keeps what the compiler made of the command line's files, on a Node that does not do so by itself.
 *
 * Each file of the bundle has one beside its name in the user's cache folder: the hash of the source, the hash of the code, the
 * code. Code is taken only when both hashes hold, when the file belongs to this user and nobody else can write it, and when the
 * engine accepts it; else the source is compiled as ever. It saves time and decides nothing.
 */
import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { constants as vmConstants, Script } from 'node:vm';

const HASH_BYTES = 32;
const WRITABLE_BY_OTHERS = 0o022;
/** What a CommonJS file is compiled within; it takes no line of its own, and no column of a stack trace. */
const FRONT = '(function (exports, require, module, __filename, __dirname) {';
const BACK = '\n})';

type ModuleFunction = (
  this: unknown,
  exports: unknown,
  require: (id: string) => unknown,
  module: { exports: unknown },
  path: string,
  folder: string,
) => void;

interface Compiled {
  readonly name: string;
  readonly script: Script;
  readonly sourceHash: Buffer;
}

/** Not for a Node that was told to do something special (to measure, to debug): it is to see plain files. */
export function canKeepCode({ env, execArgv }: Pick<NodeJS.Process, 'env' | 'execArgv'>): boolean {
  const special = ['NODE_OPTIONS', 'NODE_V8_COVERAGE', 'NODE_DISABLE_COMPILE_CACHE'];
  return execArgv.length === 0 && special.every((name) => (env[name] ?? '') === '');
}

export class KeptCode {
  readonly #folder: string;
  readonly #require: (id: string) => unknown;
  readonly #modules = new Map<string, { exports: unknown }>();
  readonly #fresh: Compiled[] = [];

  /** @param requireOther for everything but the files beside the first one */
  constructor(folder: string, requireOther: (id: string) => unknown) {
    // Each version of Node has its own code, and would overwrite that of the others.
    this.#folder = join(folder, `node-${process.version}`);
    this.#require = requireOther;
  }

  /** What the CommonJS file at `path` exports; it is run the first time. */
  load(path: string): unknown {
    const known = this.#modules.get(path);
    if (known !== undefined) return known.exports;
    const folder = dirname(path);
    const requireHere = (id: string): unknown =>
      id.startsWith('./') && id.endsWith('.js') ? this.load(join(folder, id)) : this.#require(id);
    const module = { exports: {} };
    this.#modules.set(path, module);
    const run = this.#compile(path).runInThisContext() as ModuleFunction;
    run.call(module.exports, module.exports, requireHere, module, path, folder);
    return module.exports;
  }

  /** Writes down what had to be compiled. Call at the end, when the functions that were used are compiled as well. */
  keep(): void {
    if (this.#fresh.length === 0) return;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      for (const { name, script, sourceHash } of this.#fresh) {
        const code = script.createCachedData();
        const temporary = join(this.#folder, `.${name}.${process.pid}`);
        writeFileSync(temporary, Buffer.concat([sourceHash, sha256(code), code]), { flag: 'wx', mode: 0o600 });
        renameSync(temporary, join(this.#folder, name));
      }
    } catch {
      // A home that cannot be written, a full disk: the next start takes as long as this one, and nothing else is lost.
    }
  }

  #compile(path: string): Script {
    const name = basename(path);
    const source = readFileSync(path, 'utf8');
    const sourceHash = sha256(source);
    const cachedData = this.#kept(name, sourceHash);
    const script = new Script(FRONT + source + BACK, {
      filename: path,
      columnOffset: -FRONT.length,
      importModuleDynamically: vmConstants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      ...(cachedData === undefined ? {} : { cachedData }),
    });
    if (script.cachedDataRejected !== false) this.#fresh.push({ name, script, sourceHash });
    return script;
  }

  /** The code that was kept for this very source, undefined when there is none that can be trusted. */
  #kept(name: string, sourceHash: Buffer): Buffer | undefined {
    try {
      const descriptor = openSync(join(this.#folder, name), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
      try {
        const { uid, mode } = fstatSync(descriptor);
        const isOwn = process.getuid === undefined || (uid === process.getuid() && (mode & WRITABLE_BY_OTHERS) === 0);
        const bytes = isOwn ? readFileSync(descriptor) : Buffer.alloc(0);
        const code = bytes.subarray(2 * HASH_BYTES);
        const isWhole = bytes.subarray(0, 2 * HASH_BYTES).equals(Buffer.concat([sourceHash, sha256(code)]));
        return isWhole ? code : undefined;
      } finally {
        closeSync(descriptor);
      }
    } catch {
      // Not there, or not readable: compiled as ever.
      return undefined;
    }
  }
}

function sha256(data: string | Uint8Array): Buffer {
  return Buffer.from(hash('sha256', data, 'hex'), 'hex');
}
