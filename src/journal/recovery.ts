/**
 * What to do with bytes after the last line feed (docs/architecture.md, "Recovery"). Called under the writer lock: no honest
 * write can be in flight.
 */
import { join } from 'node:path';
import { sha256Hex } from '../sign/index.js';
import { normalizeEvent } from './event.js';
import { isFault, parseRecord } from './record.js';
import { CLOSE_TOOL } from './session-log.js';
import type { SessionState } from './session-state.js';
import type { World } from './settings.js';
import { makeDirectories, replaceFile, type JournalPaths } from './store/index.js';
import type { EventInput } from './types.js';
import type { Problem } from './verify-types.js';

/** Reserved tool name of the event that records a repair. */
const REPAIR_TOOL = 'gait.journal.repair';

const KEPT_NAME = /^(\d{1,15})-([0-9a-f]{64})$/;

export type TailAction =
  /** The line is whole and links: only its line feed is missing. It may have been acknowledged. */
  | { readonly action: 'complete' }
  /** Half a line. Nobody can have been told that it was kept. */
  | { readonly action: 'cut'; readonly sha256: string }
  /** A whole line that does not belong here. No crash makes one. */
  | { readonly action: 'refuse'; readonly problem: Problem };

/** Decides, changing nothing. @param tail bytes of the file after state.offset, at least one, without a line feed */
export function judgeTail(state: Pick<SessionState, 'log' | 'offset'>, tail: Buffer): TailAction {
  const parsed = parseRecord(tail);
  // The first half of a JSON object is never JSON: what parses was written as a whole.
  if (isFault(parsed) && parsed.fault === 'bad_json') return { action: 'cut', sha256: sha256Hex(tail) };
  let problem: Problem | undefined;
  const probe = state.log.clone((found) => {
    problem ??= found;
  });
  probe.add(tail, state.offset);
  probe.finish();
  return problem === undefined ? { action: 'complete' } : { action: 'refuse', problem };
}

/**
 * Keeps the bytes for forensics before they are cut off: `torn/<offset>-<sha256>`, durable. A second recovery of the same
 * tail, after a crash between this and the cut, finds the file there and is content.
 */
export function keepTornBytes(world: World, paths: JournalPaths, offset: number, tail: Buffer, digest: string): string {
  const { fs } = world;
  makeDirectories(fs, paths.torn);
  const path = join(paths.torn, `${offset}-${digest}`);
  if (fs.lstat(path)?.size !== tail.length) {
    replaceFile(fs, path, tail, { durable: true, nonce: world.nonce() });
  }
  return path;
}

/** What recovery cut off. */
export interface TornTail {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly byteOffset: number;
}

/**
 * The repair whose event is still owed: its bytes were kept for just the place where the journal ends, but whoever cut them
 * off did not live to append the event, which would stand there.
 */
export function owedRepair(world: World, paths: JournalPaths, offset: number): TornTail | undefined {
  const { fs } = world;
  if (fs.lstat(paths.torn) === undefined) return undefined;
  for (const name of fs.readDirectory(paths.torn)) {
    const [, byteOffset, sha256] = KEPT_NAME.exec(name) ?? [];
    if (sha256 === undefined || Number(byteOffset) !== offset) continue;
    return { sizeBytes: fs.stat(join(paths.torn, name)).size, sha256, byteOffset: offset };
  }
  return undefined;
}

/**
 * Takes kept bytes out of the reckoning, because the offsets in their names are about to mean other places. Call under the lock,
 * when no repair is owed.
 */
export function settleTornBytes({ fs }: World, paths: JournalPaths): void {
  if (fs.lstat(paths.torn) === undefined) return;
  const kept = fs.readDirectory(paths.torn).filter((name) => KEPT_NAME.test(name));
  for (const name of kept) fs.rename(join(paths.torn, name), join(paths.torn, `settled-${name}`));
  if (kept.length > 0) fs.syncDirectory(paths.torn);
}

/** The event that makes a repair evidence itself. */
export function repairEvent(torn: TornTail): EventInput {
  return normalizeEvent(
    {
      tool_name: REPAIR_TOOL,
      verdict: 'allow',
      reason_codes: ['torn_tail'],
      attributes: { byte_offset: torn.byteOffset, sha256: torn.sha256, size_bytes: torn.sizeBytes },
    },
    true,
  );
}

/** The event that ends a session. */
export function closeEvent(): EventInput {
  return normalizeEvent({ tool_name: CLOSE_TOOL, verdict: 'allow', reason_codes: ['session_closed'] }, true);
}
