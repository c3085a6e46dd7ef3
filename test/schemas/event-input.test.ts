import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalizeEvent } from '../../src/journal/event.js';
import { fullEvent } from './samples.js';
import { complaints } from './schema-files.js';

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 4 }));
const words = fc.array(text, { maxLength: 3 });

/** Values for a field, good and bad ones. */
const anyValue = fc.oneof(
  text,
  words,
  fc.constantFrom(...Object.values(fullEvent)),
  fc.constantFrom('gait.x', ' Gait.x', 'ALLOW', 'ab'.repeat(32), 'AB'.repeat(32), '2026-02-01T10:30:00-07:00', ''),
  fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2 }),
  fc.jsonValue(),
);

test('an event that the schema accepts is accepted by the journal', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(fullEvent)), anyValue, (field, value) => {
      const event = { ...fullEvent, [field]: value };
      if (complaints('event-input', event).length > 0) return;
      accepted += 1;
      expect(() => normalizeEvent(event)).not.toThrow();
    }),
    { numRuns: 3_000 },
  );
  expect(accepted).toBeGreaterThan(100);
});
