import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkFinally } from '../../perf/soak/final-check.js';
import { RoleContext } from '../../perf/soak/role-context.js';
import { compact, seal } from '../../perf/soak/roles/keepers.js';
import { write } from '../../perf/soak/roles/writer.js';
import { World } from '../../perf/soak/world.js';
import { tempDir } from '../support/temp-dir.js';

/** A world in which a writer has written and a checkpointer sealed, as in a soak. */
async function livedIn(): Promise<{ readonly world: World; readonly path: string }> {
  const dir = tempDir();
  const world = await World.create(dir, 1);
  const order = { dir, slot: 0, lanes: 1, seed: 1 };
  const writer = new RoleContext({ ...order, role: 'writer' });
  await write(writer);
  await seal(new RoleContext({ ...order, role: 'checkpointer' }));
  await write(writer);
  return { world, path: world.journalPath('lane-0-0') };
}

/** Takes the index away too: it would tell of a loss by itself. */
function rewrite(path: string, change: (lines: string[]) => string[]): void {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  writeFileSync(path, `${change(lines).join('\n')}\n`);
  writeFileSync(`${path}.gait/index`, '');
}

describe('the check at the end of a soak', () => {
  test('passes what was left alone', async () => {
    const { world } = await livedIn();
    const { failures, violations, acknowledged, sessions } = await checkFinally(world, 1);
    expect({ failures, violations, sessions }).toEqual({ failures: [], violations: [], sessions: 1 });
    expect(acknowledged).toBeGreaterThan(1);
  });

  test('passes what was pruned from the front of a session, and finds what is missing behind it', async () => {
    const { world, path } = await livedIn();
    await compact(new RoleContext({ dir: dirname(world.root), slot: 0, lanes: 1, seed: 1, role: 'compactor' }));
    const config = readFileSync(world.configPath, 'utf8');
    writeFileSync(world.configPath, config.replaceAll(/_age: .*/g, '_age: 1ms'));
    const pruned = await checkFinally(world, 1);
    expect({ failures: pruned.failures, violations: pruned.violations }).toEqual({ failures: [], violations: [] });
    const ledger = readFileSync(join(world.root, 'gait.ledger.jsonl'), 'utf8');
    expect(ledger).toContain('"kind":"segment"');

    rewrite(path, (lines) => lines.slice(0, -2));
    const { violations } = await checkFinally(world, 1);
    expect(violations.map(({ kind }) => kind)).toContain('missing');
  });

  test('finds acknowledged events that a truncation took, though what is left verifies', async () => {
    const { world, path } = await livedIn();
    rewrite(path, (lines) => lines.slice(0, -1));
    const { violations } = await checkFinally(world, 1);
    expect(violations.map(({ kind }) => kind)).toContain('missing');
  });

  test('finds a rewrite behind the newest note', async () => {
    const { world, path } = await livedIn();
    rewrite(path, (lines) => lines.slice(0, 2));
    const { failures } = await checkFinally(world, 1);
    expect(failures.join('\n')).toContain('lane-0-0');
  });

  test('finds a journal that takes no more events', async () => {
    const { world, path } = await livedIn();
    appendFileSync(path, '{"record_type":"event"}\n');
    const { failures } = await checkFinally(world, 1);
    expect(failures.some((failure) => failure.startsWith('the next append to lane 0'))).toBe(true);
  });

  test('finds a lost session that no tombstone proves', async () => {
    const { world, path } = await livedIn();
    for (const gone of [path, `${path}.gait`]) rmSync(gone, { recursive: true });
    const { failures } = await checkFinally(world, 1);
    expect(failures.some((failure) => failure.startsWith('lane-0-0'))).toBe(true);
  });
});
