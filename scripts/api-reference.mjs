// Writes the API reference, .api-reference/index.html, from the doc comments of src/. TypeDoc works with the compiler's own
// library, which the TypeScript that this project is compiled with no longer has: both are fetched, at exact versions, for
// this one run, and are no dependency of the project.

import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPEDOC = 'typedoc@0.28.20';
const TYPESCRIPT = 'typescript@6.0.3';

const packages = [TYPEDOC, TYPESCRIPT].flatMap((name) => ['--package', name]);
const options = ['--entryPoints', 'src/index.ts', '--tsconfig', 'tsconfig.build.json', '--out', '.api-reference'];
// What is wrong with a comment is an error; a type that is only spoken of is not. Links to sources need a public address.
const checks = [
  '--treatWarningsAsErrors',
  '--validation.notExported',
  'false',
  '--excludePrivate',
  '--includeVersion',
  '--disableSources',
  // The README names folders, which are no pages of the reference.
  '--validation.invalidPath',
  'false',
];

execFileSync('npm', ['exec', '--yes', ...packages, '--', 'typedoc', ...options, ...checks], {
  cwd: dirname(dirname(fileURLToPath(import.meta.url))),
  stdio: 'inherit',
});
