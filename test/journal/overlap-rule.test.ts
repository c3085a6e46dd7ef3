import { describe, expect, test } from 'vitest';
import { OverlapRule } from '../../src/journal/overlap-rule.js';

/** A rule that has seen syncs of so long, and so much work an event. */
function ruleOf(syncMs: number, workMsPerEvent: number): OverlapRule {
  let usedMs = 0;
  const rule = new OverlapRule(() => usedMs);
  for (let at = 0; at < 40; at += 1) {
    rule.noteSync(syncMs);
    rule.noteEvents(256);
    usedMs += workMsPerEvent * 256;
  }
  return rule;
}

describe('the next half is made ready during a sync', () => {
  test.each([
    ['many callers, on a usual disk', 0.25, 0.01, 64, true],
    ['few callers, whom one sync serves sooner', 0.25, 0.01, 16, false],
    ['many callers, on a slow disk', 10, 0.01, 64, false],
    ['a flood, on a slow disk', 10, 0.01, 4_096, true],
    ['a disk that is memory: there is nothing to hide', 0.01, 0.01, 64, false],
    ['a few events that are much work', 0.25, 10, 15, false],
  ])('%s', (_, syncMs, workMs, events, pays) => {
    expect(ruleOf(syncMs, workMs).pays(events)).toBe(pays);
  });

  test('not before anything is known', () => {
    expect(new OverlapRule().pays(4_096)).toBe(false);
  });

  test('no more, once the disk has become slow', () => {
    const rule = ruleOf(0.25, 0.01);
    for (let at = 0; at < 40; at += 1) rule.noteSync(10);
    expect(rule.pays(64)).toBe(false);
  });
});
