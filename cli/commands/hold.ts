/** `gait hold`: legal holds. What is held is kept by every command, whatever a profile says. */
import type { LedgerHold } from '../../src/index.js';
import type { Command, Invocation, Outcome } from '../command.js';
import type { Flag } from '../flags.js';
import { optionalKey, required, SIGNING_FLAGS } from '../ledger-flags.js';
import { DEFAULT_ROOT, ROOT_FLAG } from '../target.js';
import { clean, count, pairs, table } from '../text.js';
import { nowOf, when } from '../when.js';

const REQUEST_FLAGS: readonly Flag[] = [
  ROOT_FLAG,
  { name: 'session', value: 'ID', help: 'the session; it need not exist yet' },
  { name: 'reason', value: 'TEXT', help: 'why, for whoever reads the ledger later' },
  { name: 'actor', value: 'NAME', help: 'who asks for it' },
  ...SIGNING_FLAGS,
];

export const holdSet: Command = {
  flags: REQUEST_FLAGS,
  examples: [
    'hold set --root ./sessions --session s1 --reason "case 12/2026" --actor legal@example.com',
    'hold set --session s1 --reason "case 12/2026" --actor legal --private-key ./gait-out/keys/gait_private.key --json',
  ],
  async run(invocation) {
    const { args, io } = invocation;
    const root = rootOf(invocation);
    const request = requestOf(invocation);
    const key = await optionalKey(args, io);
    const { setHold } = await import('../../src/index.js');
    const hold = await setHold(root, request, { env: io.env, ...(key === undefined ? {} : { key: key.key }) });
    return {
      json: { ok: true, hold: wire(hold), signed: key !== undefined },
      text: [
        `hold set: ${pairs({ number: hold.id, session: hold.sessionId, actor: hold.actor, reason: hold.reason })}`,
        `ledger: ${clean(hold.ledger)}`,
      ],
      warnings: key === undefined ? [] : key.warnings.map((warning) => `warning: ${warning}`),
    };
  },
};

export const holdRelease: Command = {
  flags: [...REQUEST_FLAGS, { name: 'hold', value: 'N', help: 'only the hold with this number; all otherwise' }],
  examples: [
    'hold release --root ./sessions --session s1 --reason "case closed" --actor legal@example.com',
    'hold release --session s1 --hold 3 --reason "set by mistake" --actor ops --json',
  ],
  async run(invocation) {
    const { args, io } = invocation;
    const root = rootOf(invocation);
    const request = requestOf(invocation);
    const holdId = args.whole('hold');
    const key = await optionalKey(args, io);
    const { listHolds, isInForce, releaseHold } = await import('../../src/index.js');
    const environment = { env: io.env };
    const released = await releaseHold(
      root,
      { ...request, ...(holdId === undefined ? {} : { holdId }) },
      { ...environment, ...(key === undefined ? {} : { key: key.key }) },
    );
    const left = (await listHolds(root, environment)).filter(
      (hold) => isInForce(hold) && hold.sessionId === request.sessionId,
    );
    return {
      json: { ok: true, released: released.map(wire), still_held: left.map(wire), signed: key !== undefined },
      text: [
        ...released.map((hold) => `hold released: ${pairs({ number: hold.id, session: hold.sessionId })}`),
        left.length === 0
          ? 'the session is not held any more'
          : `the session is still held: ${count(left.length, 'hold')}`,
      ],
      warnings: key === undefined ? [] : key.warnings.map((warning) => `warning: ${warning}`),
    };
  },
};

export const holdList: Command = {
  flags: [
    ROOT_FLAG,
    { name: 'session', value: 'ID', help: 'only this session' },
    { name: 'all', help: 'those that were released too' },
  ],
  examples: ['hold list --root ./sessions', 'hold list --root ./sessions --all --json'],
  async run(invocation) {
    const { args, io } = invocation;
    const root = rootOf(invocation);
    const session = args.text('session');
    const { listHolds, isInForce } = await import('../../src/index.js');
    const holds = (await listHolds(root, { env: io.env })).filter(
      (hold) => (args.has('all') || isInForce(hold)) && (session === undefined || hold.sessionId === session),
    );
    return { json: { ok: true, holds: holds.map(wire) }, text: describe(holds, nowOf(io)) };
  },
};

function rootOf({ args, echo }: Invocation): string {
  const root = args.text('root') ?? DEFAULT_ROOT;
  echo['root'] = root;
  return root;
}

function requestOf({ args }: Invocation): { sessionId: string; reason: string; actor: string } {
  return {
    sessionId: required(args, 'session', 'a hold is on one session'),
    reason: required(args, 'reason', 'whoever reads the ledger later has nothing else'),
    actor: required(args, 'actor', 'somebody has to answer for it'),
  };
}

const HEADINGS = ['NUMBER', 'SESSION', 'SINCE', 'ACTOR', 'REASON', 'STATE', 'LEDGER'];

function describe(holds: readonly LedgerHold[], nowMs: number): NonNullable<Outcome['text']> {
  if (holds.length === 0) return ['no holds'];
  const rows = holds.map((hold) =>
    [
      String(hold.id),
      hold.sessionId,
      when(hold.createdAt, nowMs),
      hold.actor,
      hold.reason,
      hold.released === undefined ? 'in force' : `released ${hold.released.createdAt} by ${hold.released.actor}`,
      hold.ledger,
    ].map(clean),
  );
  return table([HEADINGS, ...rows]);
}

function wire({ id, sessionId, reason, actor, createdAt, ledger, released }: LedgerHold): Record<string, unknown> {
  return {
    hold: id,
    session_id: sessionId,
    reason,
    actor,
    created_at: createdAt,
    ledger,
    ...(released === undefined
      ? {}
      : { released: { reason: released.reason, actor: released.actor, created_at: released.createdAt } }),
  };
}
