/**
 * `npm run year`: a session that takes one event a second for a year of its clock, compacts itself and is pruned every week by the
 * medium profile. Shows that the disk it takes stays bounded and that everything still verifies.
 *
 *     npm run year -- [--days N] [--dir FOLDER]
 *
 * 365 days unless told: about 31.5 million events, a quarter of an hour. Writes perf/results/year.json; exits 1 when the
 * root does not verify, or takes more disk at the end than it should.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  executePrune,
  openJournal,
  planPrune,
  startSession,
  verify,
  type EventInput,
  type KeyPair,
} from '../src/index.js';
import { keyPairFromSeed } from '../src/sign/index.js';
import { writeResult } from './results.js';

const HOUR_MS = 3_600_000;
const EVENTS_AN_HOUR = 3_600;
/** Medium keeps 336 hours, and a week passes between two prunes. */
const WEEKS_UNTIL_FULL = 4;
/** What each week leaves for good, checkpoints, manifests and tombstones, may not add up to more than this share. */
const ALLOWED_GROWTH = 1.1;

interface Week {
  readonly week: number;
  readonly events: number;
  readonly disk_bytes: number;
  readonly resident_bytes: number;
  readonly pruned_items: number;
}

const { values: flags } = parseArgs({
  options: { days: { type: 'string', default: '365' }, dir: { type: 'string', default: tmpdir() } },
});

const key: KeyPair = keyPairFromSeed(Buffer.alloc(32, 7));
const root = mkdtempSync(join(flags.dir, 'gait-year-'));
try {
  const weeks = await liveThrough(Number(flags.days));
  const report = await verify(root, { publicKeys: [key.publicKey] });
  const full = weeks[WEEKS_UNTIL_FULL]?.disk_bytes ?? Infinity;
  const last = weeks.at(-1)?.disk_bytes ?? 0;
  const isBounded = last <= full * ALLOWED_GROWTH;
  const result = { days: Number(flags.days), ok: report.ok, disk_growth: last / full, weeks };
  console.log(
    `verify: ${report.ok ? 'green' : 'RED'}; disk after week ${WEEKS_UNTIL_FULL + 1}: ${mib(full)}, at the end: ${mib(last)}`,
  );
  console.log(`also in ${writeResult('year.json', `${JSON.stringify(result, null, 2)}\n`)}`);
  process.exitCode = report.ok && isBounded ? 0 : 1;
} finally {
  rmSync(root, { recursive: true });
}

async function liveThrough(days: number): Promise<Week[]> {
  const path = join(root, 's1.jsonl');
  let nowMs = Date.UTC(2026, 0, 1);
  const clock = (): number => nowMs;
  await startSession(path, { session_id: 's1', run_id: 'r1' }, { clock });
  const journal = await openJournal(path, {
    clock,
    durability: 'buffered',
    compactOver: { events: 24 * EVENTS_AN_HOUR },
  });
  const weeks: Week[] = [];
  for (let day = 1; day <= days; day += 1) {
    for (let hour = 0; hour < 24; hour += 1) {
      nowMs += HOUR_MS;
      await journal.appendAll(eventsOf(day, hour));
    }
    await journal.checkpoint({ key });
    if (day % 7 !== 0) continue;
    await journal.compact();
    const { plan_digest: digest } = await planPrune(root, { profile: 'medium', clock });
    const receipt = await executePrune(digest, { root, profile: 'medium', key, clock, actor: 'year' });
    weeks.push({
      week: day / 7,
      events: day * 24 * EVENTS_AN_HOUR,
      disk_bytes: bytesBelow(root),
      resident_bytes: process.memoryUsage().rss,
      pruned_items: receipt.removed_count,
    });
    console.log(`week ${day / 7}: ${mib(weeks.at(-1)?.disk_bytes ?? 0)} on disk`);
  }
  await journal.close();
  return weeks;
}

function eventsOf(day: number, hour: number): EventInput[] {
  return Array.from({ length: EVENTS_AN_HOUR }, (_, second) => ({
    tool_name: `tool.${second % 17}`,
    verdict: second % 31 === 0 ? 'block' : 'allow',
    actor: 'agent-7',
    attributes: { path: `/srv/${day}/${hour}/${second}.txt`, note: 'wrote the configuration' },
  }));
}

function bytesBelow(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
