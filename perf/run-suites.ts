/** Runs suites in a folder of their own, which is gone afterwards. */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal } from '../src/index.js';
import { Context, lastLineBytes, type Suite } from './context.js';
import { missingPeers } from './peers.js';
import { machineFacts, toRow, type Report, type Row } from './report.js';
import { SUITES } from './suites/index.js';

export interface RunOptions {
  /** Little of everything: shows that it works; the figures mean nothing. */
  readonly isQuick: boolean;
  /** Names of suites; all of them when empty. */
  readonly only: readonly string[];
  /** Where journals are written: should be a real disk. */
  readonly dir: string;
}

/** Says each suite's name on standard error. Throws when something is wrong with what was written. */
export async function runSuites({ isQuick, only, dir: parent }: RunOptions): Promise<Report> {
  const suites = chosen(only);
  const dir = mkdtempSync(join(parent, 'gait-bench-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  const startedAt = performance.now();
  const context = new Context(dir, isQuick);
  const rows: Row[] = [];
  for (const suite of suites) {
    process.stderr.write(`${suite.name} ...\n`);
    for (const measured of await suite.run(context)) rows.push(toRow(measured));
  }
  const report: Report = {
    what: 'bench',
    ...machineFacts(),
    file_system: `0x${statfsSync(dir).type.toString(16)}`,
    quick: isQuick,
    line_bytes: await sampleLineBytes(context),
    seconds: Math.round((performance.now() - startedAt) / 1000),
    missing_peers: missingPeers(),
    rows,
  };
  rmSync(dir, { recursive: true, force: true });
  return report;
}

function chosen(only: readonly string[]): readonly Suite[] {
  const unknown = only.find((wanted) => SUITES.every((suite) => suite.name !== wanted));
  if (unknown !== undefined) {
    const known = SUITES.map((suite) => suite.name).join(', ');
    throw new Error(`there is no suite ${JSON.stringify(unknown)}; known: ${known}`);
  }
  return only.length === 0 ? SUITES : SUITES.filter((suite) => only.includes(suite.name));
}

async function sampleLineBytes(context: Context): Promise<number> {
  const journal = await openJournal(await context.newSession());
  await journal.append(context.event);
  await journal.close();
  return lastLineBytes(journal.path);
}
