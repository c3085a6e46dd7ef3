/** A folder in which every example of `--help` finds what it names, and a shell to run them in. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { exitOf, gaitBin, type CliResult } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';

const RECORD = JSON.stringify({
  tool_name: 'fs.delete',
  verdict: 'block',
  args_digest: 'a'.repeat(64),
  intent_digest: 'b'.repeat(64),
  policy_digest: 'c'.repeat(64),
});

/** Sessions in both roots and here, sealed and signed by the key that has all the names that examples use. */
const PREPARATION = `
gait init
gait init --root ./sessions
mkdir keys
cp gait-out/keys/* keys
cp gait-out/keys/gait_private.key .
cp gait-out/keys/gait_public.key old_public.key
gait keys init --out-dir other
mv other/gait_public.key new_public.key
echo text > output.txt
for i in 1 2 3 4 5 6 7 8 9 10 11; do echo '{"tool_name":"fs.read","verdict":"allow"}'; done > events.ndjson
echo '${RECORD}' > decision.json
for id in s1 s2; do
  gait run session start --journal $id.jsonl --session-id $id --run-id run_1
  gait run session append --journal $id.jsonl --tool sh.run --verdict allow --payload output.txt
done
gait run session checkpoint --journal s1.jsonl --private-key gait_private.key --out cp1.zip --note-out s1.note
gait run session append --journal s1.jsonl --stdin < events.ndjson
gait run session checkpoint --journal s1.jsonl --private-key gait_private.key
gait prove --journal s1.jsonl --sequence 1 --out event1.proof
gait trace emit --stdin --private-key gait_private.key --trace-out trace.json < decision.json
cp trace.json a.json
cp trace.json b.json
for root in sessions gait-out/sessions; do
  gait run session start --session s1 --root $root
  gait run session append --session s1 --root $root --stdin < events.ndjson
  gait run session append --session s1 --root $root --tool sh.run --verdict allow --payload output.txt
  gait run session checkpoint --session s1 --root $root --private-key gait_private.key
done
`;

/** What has to be so, beyond the above, before the examples of a command: by the words that the example begins with. */
const BEFORE: Readonly<Record<string, string>> = {
  // A checkpoint needs something new, and writes no file over another.
  'run session checkpoint': 'gait run session append --journal s1.jsonl --tool a --verdict allow; rm cp1.zip',
  'run session watch': 'for root in . sessions; do gait run session close --journal $root/s1.jsonl; done',
  prove: 'rm event1.proof',
  'prune --root ./sessions --plan': 'gait prune --root sessions --profile medium --dry-run --json > plan.json',
  'hold release': `for root in sessions gait-out/sessions; do for reason in 1 2 3; do
    gait hold set --root $root --session s1 --reason $reason --actor a; done; done`,
  'keys init': 'rm -r gait-out/keys keys',
};

/** Makes the folder that examples run in copies of. */
export async function prepareExamples(): Promise<string> {
  const folder = tempDir();
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'tmp'));
  const gait = `#!/bin/sh\nexec '${process.execPath}' '${gaitBin}' "$@"\n`;
  writeFileSync(join(folder, 'bin', 'gait'), gait, { mode: 0o755 });
  const { code, stdout, stderr } = await shell(PREPARATION, folder);
  if (code !== 0) throw new Error(`the examples could not be prepared: ${stdout}${stderr}`);
  return folder;
}

/** Runs an example as printed, in a copy of the prepared folder. A command that waits for more is interrupted after a while. */
export async function runExample(prepared: string, line: string): Promise<CliResult> {
  const folder = tempDir();
  cpSync(prepared, folder, { recursive: true });
  const before = Object.entries(BEFORE).filter(([words]) => line.startsWith(`gait ${words}`));
  const readied = await shell(before.map(([, script]) => script).join('\n'), folder);
  if (readied.code !== 0) throw new Error(`before ${line}: ${readied.stdout}${readied.stderr}`);
  return await shell(await filledIn(line, folder), folder);
}

/** Only a plan of the same root has the digest that the example leaves open. */
async function filledIn(line: string, folder: string): Promise<string> {
  if (!line.includes('--plan DIGEST'))
    return line.includes(' --follow') ? `timeout --preserve-status -s INT 2 ${line}` : line;
  const { stdout } = await shell('gait prune --root ./sessions --profile medium --dry-run --json', folder);
  return line.replace('DIGEST', (JSON.parse(stdout) as { readonly plan_digest: string }).plan_digest);
}

async function shell(script: string, cwd: string): Promise<CliResult> {
  const child = spawn('sh', ['-c', `set -eu\n${script}`], {
    cwd,
    env: {
      ...process.env,
      PATH: `${join(cwd, 'bin')}${delimiter}${process.env['PATH']}`,
      HOME: cwd,
      TMPDIR: join(cwd, 'tmp'),
      GAIT_KEY: keyIn(cwd),
    },
    stdio: 'pipe',
  });
  const ended = exitOf(child);
  child.stdin.end();
  return await ended;
}

/** Empty until there is one. */
function keyIn(folder: string): string {
  try {
    return readFileSync(join(folder, 'gait_private.key'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return '';
  }
}
