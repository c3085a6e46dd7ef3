/** Plans, receipts of removals and reports on roots for people. Pure. */
import { formatDurationMs } from '../src/index.js';
import type { EraseReceipt, PlannedItem, PruneReceipt, RemovalReceipt, RemovedItem, RootPlan } from '../src/index.js';
import type { Arguments } from './flags.js';
import { byteSize, clean, count, pairs, table } from './text.js';
import { when } from './when.js';

const HEADINGS = ['ACTION', 'WHAT', 'SIZE', 'TIME', 'RULE', 'WHY', 'PATH'];

/** What goes first, then what stays, then how to go on. */
export function describePlan(plan: RootPlan, args: Arguments, nowMs: number): string[] {
  const { items, delete_count: goes, delete_bytes: goesBytes, keep_count: stays, keep_bytes: staysBytes } = plan;
  const going = items.filter(({ action }) => action === 'delete');
  const staying = items.filter(({ action }) => action === 'keep');
  return [
    `prune plan: ${count(goes, 'item')} to remove (${byteSize(goesBytes)}), ${count(stays, 'item')} to keep (${byteSize(staysBytes)})`,
    `profile: ${plan.default_profile === undefined ? 'none: only sessions with a profile of their own can be pruned' : clean(plan.default_profile)}`,
    ...(items.length === 0
      ? ['nothing is there']
      : table([HEADINGS, ...[...going, ...staying].map((item) => row(item, nowMs))])),
    ...plan.shortfalls.map(
      ({ kind, rule, limit, remaining, blocked_by: blocks }) =>
        `still over: ${pairs({ kind, rule, limit: limitText(rule, limit), remaining })}, kept by ${Object.entries(
          blocks,
        )
          .map(([reason, items_]) => `${reason} (${items_})`)
          .join(', ')}`,
    ),
    `plan digest: ${plan.plan_digest}`,
    ...(goes === 0 ? [] : [`to do it: gait prune ${nextFlags(plan, args)} --private-key FILE`]),
  ];
}

export function planWarnings({ warnings, not_looked_into: notes }: RootPlan): string[] {
  return [
    ...warnings.map(({ id, meaning }) => `warning: ${clean(id)}: ${clean(meaning)}`),
    ...notes.map(({ path, meaning }) => `warning: ${clean(path)}: ${clean(meaning)}`),
  ];
}

/** One removal a paragraph: what went, what stayed. */
export function describePrune(receipt: PruneReceipt): string[] {
  const { removals, removed_count: removed, removed_bytes: bytes } = receipt;
  if (removals.length === 0) return ['prune ok: nothing to remove'];
  return [
    `prune ok: ${count(removed, 'item')} removed (${byteSize(bytes)})`,
    ...removals.flatMap(describeRemoval),
    `ledger: ${clean(receipt.ledger)}`,
  ];
}

export function pruneWarnings({ vanished, removals }: PruneReceipt): string[] {
  return [
    ...vanished.map(
      ({ path, session_id: id }) =>
        `warning: ${clean(path)}: session ${clean(id)} was kept by an earlier prune and is gone; no tombstone says why`,
    ),
    ...leftWarnings(removals),
  ];
}

export function describeErase(receipt: EraseReceipt): string[] {
  const { session_id: session, sequence, sha256, reason, actor } = receipt;
  return [
    `erase ok: ${pairs({ session, sequence, sha256 })}`,
    pairs({ actor, reason }),
    ...receipt.removals.flatMap(describeRemoval),
    `ledger: ${clean(receipt.ledger)}`,
  ];
}

function describeRemoval({ removed, resumed, intent, receipt, left }: RemovalReceipt): string[] {
  const where = `events ${intent} to ${receipt} of the ledger`;
  return [
    resumed ? `finished what an interrupted run had begun: ${where}` : `signed: ${where}`,
    ...removed.map((item) => `  removed ${removedText(item)}`),
    ...left.map(({ path, kind, reason }) => `  kept    ${kind} ${clean(path)}: ${clean(reason)}`),
  ];
}

function leftWarnings(removals: readonly RemovalReceipt[]): string[] {
  const left = removals.reduce((sum, removal) => sum + removal.left.length, 0);
  return left === 0 ? [] : [`warning: ${count(left, 'item')} stayed; plan again to remove what may go`];
}

function removedText(item: RemovedItem): string {
  const size = `${byteSize(item.bytes)}, ${item.rule}`;
  switch (item.kind) {
    case 'session':
      return `session ${clean(item.session_id)} (${clean(item.path)}, ${size})`;
    case 'segment':
      return `segment ${item.first_sequence}..${item.last_sequence} of ${clean(item.path)} (${size})`;
    case 'payload':
      return `payload of event ${item.sequence} of ${clean(item.path)} (${size})`;
    case 'trace':
    case 'pack':
    case 'export':
      return `${item.kind} ${clean(item.path)} (${size})`;
  }
}

function row(item: PlannedItem, nowMs: number): string[] {
  const { action, size_bytes: size, time, rule = '-', reasons, because = [], path } = item;
  const why = action === 'delete' ? item.profiles.join(',') : [...reasons, ...because].join(', ');
  return [action, what(item), byteSize(size), time === undefined ? '-' : when(time, nowMs), rule, why, path].map(clean);
}

function what(item: PlannedItem): string {
  switch (item.unit) {
    case 'segment':
      return `segment ${item.first_sequence}..${item.last_sequence}`;
    case 'payload':
      return `payload #${item.sequence}`;
    case 'session':
    case 'file':
      return item.kind;
  }
}

/** A limit as people write it. */
function limitText(rule: string, limit: number): string {
  if (rule === 'max_age') return formatDurationMs(limit);
  return rule === 'max_bytes' ? byteSize(limit) : String(limit);
}

/** The flags of the dry run that the digest depends on, again. */
function nextFlags({ plan_digest: digest }: RootPlan, args: Arguments): string {
  const repeated = ['root', 'profile', 'config', 'session', 'kind'].flatMap((flag) => {
    const value = args.text(flag);
    return value === undefined ? [] : [`--${flag} ${quoted(value)}`];
  });
  return [...repeated, `--plan ${digest}`].join(' ');
}

function quoted(value: string): string {
  return /^[\w./:@-]+$/.test(value) ? value : `'${clean(value).replaceAll("'", String.raw`'\''`)}'`;
}
