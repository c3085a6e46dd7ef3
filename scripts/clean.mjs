// Removes what builds leave behind, so that a package holds no output of a source that is gone.

import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
for (const dir of ['dist', '.perf-dist']) rmSync(join(root, dir), { recursive: true, force: true });
