/** The pruner: plans and carries out, as an operator would who runs it from a timer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { executePrune, planPrune, type ErrorCode } from '../../../src/index.js';
import { LOCK_TIMEOUT_MS, type RoleContext } from '../role-context.js';

const MAX_PAUSE_MS = 2_000;
/** Mostly one session at a time: a plan for a whole root in use has changed before it can be carried out. */
const WHOLE_ROOT = 0.2;

/** Somebody wrote between plan and prune, or the crowd was too thick. Both change nothing. */
const TRY_AGAIN: readonly ErrorCode[] = ['PLAN_STALE', 'LOCK_TIMEOUT', 'FILE_NOT_FOUND', 'JOURNAL_NOT_FOUND'];

export async function prune(context: RoleContext): Promise<void> {
  const { world, random } = context;
  const sessionId = random.chance(WHOLE_ROOT)
    ? undefined
    : random.pick(world.sessions(context.lanes).slice(-6 * context.lanes));
  await context.tolerate(TRY_AGAIN, async () => {
    const choice = { config: world.configPath, ...(sessionId === undefined ? {} : { sessionId }) };
    const plan = await planPrune(world.root, choice);
    if (plan.items.every(({ action }) => action === 'keep')) return context.count('nothing to prune');
    const { removals } = await executePrune(plan, {
      root: world.root,
      key: world.key,
      actor: 'soak',
      lockTimeoutMs: LOCK_TIMEOUT_MS,
      ...choice,
    });
    context.count('prunes');
    context.count(
      'things removed',
      removals.reduce((sum, { removed }) => sum + removed.length, 0),
    );
  });
  await sleep(random.between(0, MAX_PAUSE_MS));
}
