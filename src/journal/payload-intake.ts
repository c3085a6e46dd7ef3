/**
 * Evidence that goes into a file of its own: what the caller gives as a payload, and attributes that no line can hold. The
 * file is durable before the line that names it is written.
 */
import { GaitError } from '../errors.js';
import { canonicalJson } from '../sign/index.js';
import { encodeEvent, encodeInput, mayExceedLine, type EncodedEvent, type StorableEvent } from './event.js';
import type { EventFrame, FrameTexts } from './event-frame.js';
import { payloadPath } from './payload-files.js';
import { storePayload, type PayloadContent } from './payload-store.js';
import type { World } from './settings.js';
import { errnoOf, ioError, readChunks, type JournalPaths } from './store/index.js';
import type { PayloadInput } from './handle-types.js';
import type { EventInput, PayloadRef } from './types.js';

/** Media type of attributes that were moved out of their event. */
const ATTRIBUTES_MEDIA_TYPE = 'application/vnd.gait.attributes+json';

export interface Intake {
  readonly world: World;
  readonly paths: JournalPaths;
  readonly frame: EventFrame;
  readonly texts: FrameTexts;
  readonly nowMs: number;
}

/** An event ready for its commit, and the payload that was stored for it. */
export interface TakenEvent {
  readonly encoded: EncodedEvent;
  readonly payload: PayloadRef | undefined;
}

/**
 * The usual case, in one go: undefined when an event needs a file after all, or is at fault. Then each is looked at with care, all
 * of them for their fields before one is written as JSON, so that of several faults always the same is reported.
 */
export function takeAllInline(
  { frame, texts, nowMs }: Intake,
  events: readonly EventInput[],
  isEngine: boolean,
): EncodedEvent[] | undefined {
  const encoded: EncodedEvent[] = [];
  try {
    for (const event of events) {
      const each = encodeInput(event, frame, texts, nowMs, isEngine);
      if (mayExceedLine(each) && event.attributes !== undefined) return undefined;
      encoded.push(each);
    }
  } catch {
    // The careful way meets it again, and says which one it is.
    return undefined;
  }
  return encoded;
}

/** An event without any file: undefined when the event needs one after all. */
export function takeInline(intake: Intake, event: EventInput): TakenEvent | undefined {
  const encoded = encodeEvent(event, intake.frame, intake.nowMs);
  if (event.attributes !== undefined && mayExceedLine(encoded)) return undefined;
  return { encoded, payload: undefined };
}

/**
 * Stores the payload and encodes the event that names it.
 *
 * @throws GaitError LINE_TOO_LONG when there is a payload already and the attributes do not fit either; as storePayload
 */
export async function takeWithPayload(
  intake: Intake,
  event: EventInput,
  given: PayloadInput | undefined,
): Promise<TakenEvent> {
  if (given !== undefined) {
    const content = 'path' in given ? fileContent(intake.world, given.path) : given.content;
    const payload = await store(intake, content, given.mediaType);
    const encoded = encodeEvent({ ...event, payload }, intake.frame, intake.nowMs);
    if (event.attributes === undefined || !mayExceedLine(encoded)) return { encoded, payload };
    dropPayload(intake, payload);
    throw new GaitError(
      'LINE_TOO_LONG',
      'the attributes are too long for a line, and the event has a payload already',
      {
        hint: 'put the attributes into the payload',
      },
    );
  }
  const { attributes, ...rest } = event;
  const payload = await store(intake, Buffer.from(canonicalJson(attributes)), ATTRIBUTES_MEDIA_TYPE);
  const moved: StorableEvent = { ...rest, payload };
  return { encoded: encodeEvent(moved, intake.frame, intake.nowMs), payload };
}

/** Removes a payload that no event came to name. Should that fail, verify reports it as orphaned: it harms no proof. */
export function dropPayload({ world, paths }: Intake, payload: PayloadRef): void {
  try {
    world.fs.unlink(payloadPath(paths, payload.sha256));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

function store(intake: Intake, content: PayloadContent, mediaType: string | undefined): Promise<PayloadRef> {
  const { world, paths } = intake;
  return storePayload(world, paths, content, { mediaType, randomBytes: world.randomBytes });
}

async function* fileContent({ fs }: World, path: string): AsyncGenerator<Uint8Array> {
  let descriptor: number;
  try {
    descriptor = fs.open(path, 'read');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw ioError(error, 'open payload', path);
    throw new GaitError('FILE_NOT_FOUND', `there is no file at ${path}`, { cause: error, details: { path } });
  }
  try {
    const { kind } = fs.fstat(descriptor);
    if (kind !== 'file')
      throw new GaitError('INVALID_ARGUMENT', `${path} is no regular file`, { details: { path, kind } });
    yield* readChunks(fs, descriptor);
  } finally {
    fs.close(descriptor);
  }
}
