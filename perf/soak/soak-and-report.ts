/** A soak from start to finish: run, written down, and on failure explained. */
import { writeResult } from '../results.js';
import { runSoak, shrinkSchedule } from './run-soak.js';
import { describeFaults, type Schedule } from './schedule.js';
import { describeSoak, soakChart, soakReport, type SoakReport } from './soak-report.js';

export interface SoakOutput {
  /** Where journals are written. */
  readonly dir: string;
  /** Folder and name of the results. */
  readonly out: string;
  readonly name: string;
  /** For how long a smaller schedule is looked for after a failure. */
  readonly shrinkMs: number;
}

/** Prints what it does and finds; the seed first, so that it is there whatever happens. */
export async function soakAndReport(schedule: Schedule, output: SoakOutput): Promise<SoakReport> {
  const { seed, durationMs, roles, faults } = schedule;
  console.log(`soak: seed ${seed}, ${durationMs / 1000} s, ${roles.length} processes, ${faults.length} faults`);
  const outcome = await runSoak(schedule, output.dir);
  const report = soakReport(schedule, outcome);
  writeResult(`${output.name}.svg`, soakChart(report), output.out);
  const path = writeResult(`${output.name}.json`, `${JSON.stringify(report, null, 2)}\n`, output.out);
  console.log(`${describeSoak(report)}\nalso in ${path}`);
  if (!report.ok) await explain(schedule, outcome.dir, output);
  return report;
}

async function explain(failed: Schedule, evidence: string, { dir, out, shrinkMs }: SoakOutput): Promise<void> {
  console.log(`\nwhat it left is in ${evidence}; shrinking the schedule of seed ${failed.seed} ...`);
  const smallest = await shrinkSchedule(failed, dir, shrinkMs, (faults, hasFailed) => {
    console.log(`  with ${faults} of ${failed.faults.length} faults: ${hasFailed ? 'fails' : 'passes'}`);
  });
  const file = writeResult(`soak-failure-${failed.seed}.json`, `${JSON.stringify(smallest, null, 2)}\n`, out);
  console.log(`the smallest schedule seen to fail has ${smallest.faults.length} faults:\n${describeFaults(smallest)}`);
  console.log(`run it again: npm run soak -- --schedule ${file}`);
}
