/** Runs the blocks of a document as their reader would. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { gaitBin } from '../support/cli.js';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';
import type { Block } from './documents.js';

/** A folder in which `gait` and the package are what was built. */
export class Workshop {
  readonly folder: string = tempDir();

  constructor() {
    mkdirSync(join(this.folder, 'bin'));
    const gait = `#!/bin/sh\nexec '${process.execPath}' '${gaitBin}' "$@"\n`;
    writeFileSync(join(this.folder, 'bin', 'gait'), gait, { mode: 0o755 });
    mkdirSync(join(this.folder, 'node_modules'));
    symlinkSync(repositoryRoot, join(this.folder, 'node_modules', 'gait-journal'), 'dir');
    writeFileSync(join(this.folder, 'package.json'), '{"type":"module"}\n');
  }

  /** Shell code, ended by the first command that fails. */
  shell(code: string): SpawnSyncReturns<string> {
    return this.#spawn('sh', ['-c', `set -eu\n${code}`]);
  }

  script(code: string): SpawnSyncReturns<string> {
    return this.#spawn(process.execPath, ['--input-type=module', '-e', code]);
  }

  /** What a block prints; throws with it when the block fails, or is in a language that nothing here can run. */
  run({ language, code }: Block): string {
    if (language === 'yaml') return this.#write(code);
    if (language !== 'sh' && language !== 'js') throw new Error(`nothing runs a block of ${language}:\n${code}`);
    const { status, stdout, stderr } = language === 'sh' ? this.shell(code) : this.script(code);
    if (status !== 0) throw new Error(`exit ${status}\n${code}\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  /** A file; its first line names it in a comment. */
  #write(text: string): string {
    const name = /^# (\S+)\n/.exec(text)?.[1];
    if (name === undefined) throw new Error(`a block that does not name its file:\n${text}`);
    mkdirSync(join(this.folder, dirname(name)), { recursive: true });
    writeFileSync(join(this.folder, name), text);
    return '';
  }

  #spawn(command: string, args: readonly string[]): SpawnSyncReturns<string> {
    const PATH = `${join(this.folder, 'bin')}${delimiter}${process.env['PATH']}`;
    const env = { ...process.env, PATH, HOME: this.folder };
    return spawnSync(command, args, { cwd: this.folder, encoding: 'utf8', env });
  }
}
