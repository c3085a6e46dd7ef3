import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { verifyRunpack, writeRunpack } from '../../../src/journal/runpack/index.js';
import { nodeFileSystem } from '../../../src/journal/store/index.js';
import { sha256Hex } from '../../../src/sign/index.js';
import { oracleUnzip, oracleVerify } from '../../interop/runpack-oracle.js';
import { repositoryRoot } from '../../support/paths.js';
import { binding, codeOf, key, newFolder, newPack, packOptions, sessionEvent, world } from './packs.js';

describe('the content', () => {
  test('is five entries in the order of their names, stored, dated 1980-01-01, mode 0644', async () => {
    const { path } = await newPack();
    const entries = oracleUnzip(readFileSync(path));
    expect([...entries.keys()]).toEqual(['intents.jsonl', 'manifest.json', 'refs.json', 'results.jsonl', 'run.json']);
    for (const entry of entries.values()) {
      expect(entry).toMatchObject({ method: 0, dosTime: 0, dosDate: 0x21, mode: 0o100644, extraBytes: 0 });
    }
  });

  test('gives what an event does not have as the Go tool does: empty texts, null lists, its place as intent id', async () => {
    const event = sessionEvent(9, { session_id: 'sess<1>&é', tool_name: 'tool.read', verdict: 'block' });
    const { path } = await newPack({ events: [event] });
    const { records } = oracleVerify(readFileSync(path));
    expect(records['intents.jsonl']).toMatchObject([
      {
        args: { sequence: 9, session_id: 'sess<1>&é', trace_id: '', trace_path: '' },
        args_digest: '',
        intent_id: 'intent_1',
      },
    ]);
    expect(records['results.jsonl']).toMatchObject([
      {
        result: { reason_codes: null, trace_id: '', trace_path: '', verdict: 'block', violations: null },
        // Captured from the Go tool.
        result_digest: '00ccbf05a2a09ef74255b187154b74f4c201d2aac23d4cdc21b055fca208d417',
        status: 'error',
      },
    ]);
  });

  test.each([
    ['allow', 'ok'],
    ['dry_run', 'ok'],
    ['block', 'error'],
    ['require_approval', 'error'],
  ] as const)('gives the verdict %s the status %s', async (verdict, status) => {
    const { path } = await newPack({ events: [sessionEvent(1, { verdict })] });
    expect(oracleVerify(readFileSync(path)).records['results.jsonl']).toMatchObject([{ status }]);
  });

  test('names the run after the checkpoint, four digits at least', async () => {
    expect((await newPack()).runId).toBe('run_1_cp_0001');
    expect((await newPack({ checkpointIndex: 12_345 })).runId).toBe('run_1_cp_12345');
  });

  test('has a timeline entry for each event, with the trace it names, and one for the checkpoint', async () => {
    const events = [sessionEvent(1, { trace_id: 't1' }), sessionEvent(2)];
    const { path } = await newPack({ events, checkpointIndex: 4 });
    expect(oracleVerify(readFileSync(path)).records['run.json']).toMatchObject([
      {
        timeline: [
          { event: 'session_event', ref: 't1', ts: '2026-02-01T09:30:00Z' },
          { event: 'session_event', ts: '2026-02-01T09:30:00Z' },
          { event: 'session_checkpoint_emitted', ref: 'checkpoint:4', ts: '2026-02-01T10:00:00Z' },
        ],
      },
    ]);
  });

  test('of no events is still a pack', async () => {
    const { path, events } = await newPack({ events: [] });
    expect(events).toBe(0);
    expect((await verifyRunpack(nodeFileSystem, path)).ok).toBe(true);
  });
});

describe('the bytes', () => {
  test('are the same every time, in every time zone', async () => {
    const first = readFileSync((await newPack({ key })).path);
    expect(readFileSync((await newPack({ key })).path)).toEqual(first);
    const zones = ['Pacific/Apia', 'America/Los_Angeles'].map((zone) => packInZone(zone));
    expect(zones[1]).toBe(zones[0]);
  });

  test('come from an async source as from a list', async () => {
    const list = [sessionEvent(1), sessionEvent(2)];
    // Async though it need not be: that is what is tested.
    async function* source(): AsyncGenerator<(typeof list)[number]> {
      yield* list;
    }
    expect(readFileSync((await newPack({ events: source() })).path)).toEqual(
      readFileSync((await newPack({ events: list })).path),
    );
  });
});

/** SHA-256 of the same small zip, written by a process in another time zone. */
function packInZone(zone: string): string {
  const script = `
    import { zipBytes } from ${JSON.stringify(join(repositoryRoot, 'dist/src/journal/store/index.js'))};
    import { createHash } from 'node:crypto';
    const hash = createHash('sha256');
    for await (const chunk of zipBytes([{ name: 'a', sizeBytes: 1, chunks: () => [Buffer.from('x')] }])) hash.update(chunk);
    console.log(hash.digest('hex'));`;
  const args = ['--input-type=module', '-e', script];
  return execFileSync(process.execPath, args, { env: { ...process.env, TZ: zone }, encoding: 'utf8' }).trim();
}

describe('payloads', () => {
  const content = Buffer.from('salt and content');
  const payload = { sha256: sha256Hex(content), sizeBytes: content.length, open: () => [content] };

  test('are carried under their digest, declared and covered by the signature', async () => {
    const { path, filesBytes } = await newPack({ key, payloads: [payload, payload] });
    const name = `payloads/${payload.sha256}`;
    expect(oracleUnzip(readFileSync(path)).get(name)?.content).toEqual(content);
    expect(filesBytes[name]).toBe(content.length);
    expect(oracleVerify(readFileSync(path), key.publicKey).errors).toEqual([]);
    expect((await verifyRunpack(nodeFileSystem, path, { publicKeys: [key.publicKey] })).verdict).toBe('valid');
  });

  test('that are not what their name says stop the pack, and leave nothing', async () => {
    const folder = newFolder();
    const altered = { ...payload, open: () => [Buffer.from('salt and CONTENT')] };
    const written = writeRunpack(world, packOptions(folder, { payloads: [altered] }));
    expect(await codeOf(written)).toBe('PAYLOAD_ALTERED');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('over 100 MiB stop the pack before anything is written at the path', async () => {
    const folder = newFolder();
    const large = { ...payload, sizeBytes: 100 * 1024 * 1024 + 1 };
    expect(await codeOf(writeRunpack(world, packOptions(folder, { payloads: [large] })))).toBe('RUNPACK_TOO_LARGE');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('in a number that no reader lists stop the pack', async () => {
    const folder = newFolder();
    const payloads = Array.from({ length: 20_000 }, (_, i) => ({ ...payload, sha256: sha256Hex(String(i)) }));
    expect(await codeOf(writeRunpack(world, packOptions(folder, { payloads })))).toBe('RUNPACK_TOO_LARGE');
  });
});

test('an entry over 100 MiB is refused before anything is at the path, and nothing is left', async () => {
  const folder = newFolder();
  function* manyLarge(): Generator<ReturnType<typeof sessionEvent>> {
    const trace = 'x'.repeat(4 * 1024 * 1024);
    for (let sequence = 1; ; sequence += 1) yield sessionEvent(sequence, { trace_path: trace });
  }
  expect(await codeOf(writeRunpack(world, packOptions(folder, { events: manyLarge() })))).toBe('RUNPACK_TOO_LARGE');
  expect(readdirSync(folder)).toEqual([]);
});

describe('the output', () => {
  test('W11: a runpack that is there is never replaced', async () => {
    const folder = newFolder();
    await writeRunpack(world, packOptions(folder));
    const before = readFileSync(join(folder, 'cp1.zip'));
    const again = writeRunpack(world, packOptions(folder, { events: [sessionEvent(9)] }));
    expect(await codeOf(again)).toBe('OUTPUT_EXISTS');
    expect(readFileSync(join(folder, 'cp1.zip'))).toEqual(before);
    expect(readdirSync(folder)).toEqual(['cp1.zip']);
  });

  test('W12: the journal is never the output, by whatever name', async () => {
    const folder = newFolder();
    const journal = join(folder, 's1.jsonl');
    writeFileSync(journal, 'evidence\n');
    symlinkSync(journal, join(folder, 'link.zip'));
    linkSync(journal, join(folder, 'hard.zip'));
    symlinkSync(folder, join(folder, 'dir'));
    for (const out of ['s1.jsonl', 'link.zip', 'hard.zip', 'dir/s1.jsonl', './dir/../s1.jsonl']) {
      const written = writeRunpack(world, packOptions(folder, { out: `${folder}/${out}` }));
      expect(await codeOf(written)).toBe('OUTPUT_EXISTS');
      expect(readFileSync(journal, 'utf8')).toBe('evidence\n');
    }
  });

  test.each([
    's1.jsonl',
    's1.jsonl.lock',
    's1.jsonl.state.json',
    's1_chain.json',
    's1.jsonl.gait/index',
    's1.jsonl.gait/new/cp1.zip',
    'other.jsonl.lock',
    'other_chain.json',
    'other.jsonl.gait/guard',
  ])('W12: %s belongs to a session even while nothing is there', async (out) => {
    const folder = newFolder();
    expect(await codeOf(writeRunpack(world, packOptions(folder, { out: join(folder, out) })))).toBe('OUTPUT_EXISTS');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a dangling link or a directory is never replaced', async () => {
    const folder = newFolder();
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link.zip'));
    mkdirSync(join(folder, 'dir.zip'));
    for (const out of ['link.zip', 'dir.zip']) {
      expect(await codeOf(writeRunpack(world, packOptions(folder, { out: join(folder, out) })))).toBe('OUTPUT_EXISTS');
    }
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  test('loses the race against a file that appears meanwhile, and leaves that one alone', async () => {
    const folder = newFolder();
    function* racing(): Generator<ReturnType<typeof sessionEvent>> {
      yield sessionEvent(1);
      writeFileSync(join(folder, 'cp1.zip'), 'first');
    }
    expect(await codeOf(writeRunpack(world, packOptions(folder, { events: racing() })))).toBe('OUTPUT_EXISTS');
    expect(readFileSync(join(folder, 'cp1.zip'), 'utf8')).toBe('first');
    expect(readdirSync(folder)).toEqual(['cp1.zip']);
  });

  test('is private, and its missing directories are made', async () => {
    const folder = newFolder();
    const out = join(folder, 'a', 'b', 'cp1.zip');
    await writeRunpack(world, packOptions(folder, { out }));
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'a')).mode & 0o777 & ~0o750).toBe(0);
  });

  test.each(['../cp.zip', '', '.'])('%j is no path', async (out) => {
    expect(await codeOf(writeRunpack(world, packOptions(newFolder(), { out })))).toBe('INVALID_PATH');
  });
});

test('the file is synced before it gets its name, and the directory after', async () => {
  const calls: string[] = [];
  const fs = {
    ...world.fs,
    sync: (): void => void calls.push('sync'),
    link: (from: string, to: string): void => {
      calls.push('link');
      world.fs.link(from, to);
    },
    syncDirectory: (): void => void calls.push('syncDirectory'),
  };
  await writeRunpack({ ...world, fs }, packOptions(newFolder()));
  expect(calls).toEqual(['sync', 'link', 'syncDirectory']);
});

describe('failures leave nothing behind', () => {
  test.each(['write', 'sync', 'link', 'open'] as const)('of %s', async (call) => {
    const folder = newFolder();
    for (let nth = 1; nth <= 8; nth += 1) {
      let calls = 0;
      const original = world.fs[call] as (...args: unknown[]) => unknown;
      const failing = {
        ...world.fs,
        [call]: (...args: unknown[]) => {
          calls += 1;
          if (calls === nth) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
          return original(...args);
        },
      };
      const code = await codeOf(
        writeRunpack({ ...world, fs: failing }, packOptions(folder, { out: join(folder, `${nth}.zip`) })),
      );
      if (calls < nth) expect(code).toBe('no error');
      else {
        expect(code).toBe('DISK_FULL');
        expect(readdirSync(folder).filter((name) => name === `${nth}.zip` || name.includes('tmp'))).toEqual([]);
      }
    }
  });

  test('of the source: its own error comes through', async () => {
    const folder = newFolder();
    const error = new Error('source');
    function* broken(): Generator<ReturnType<typeof sessionEvent>> {
      yield sessionEvent(1);
      throw error;
    }
    await expect(writeRunpack(world, packOptions(folder, { events: broken() }))).rejects.toBe(error);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('of patience: an abort stops the writing', async () => {
    const folder = newFolder();
    const abort = new AbortController();
    function* endless(): Generator<ReturnType<typeof sessionEvent>> {
      for (let sequence = 1; ; sequence += 1) {
        if (sequence === 100) abort.abort(new Error('enough'));
        yield sessionEvent(sequence);
      }
    }
    const written = writeRunpack(world, packOptions(folder, { events: endless(), signal: abort.signal }));
    await expect(written).rejects.toThrow('enough');
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('100,000 events are written and verified in the memory of 10,000, while timers run', async () => {
  const small = await peakOf(10_000);
  const large = await peakOf(100_000);
  // Ten times the content, some 78 MB of it: held anywhere, it would show.
  expect(large.contentBytes).toBeGreaterThan(70e6);
  expect(large.peakBytes).toBeLessThan(small.peakBytes + 60e6);
  expect(large.ticksWriting).toBeGreaterThan(5);
  expect(large.ticksVerifying).toBeGreaterThan(5);
});

/** Writes and verifies a pack of so many events. Memory is the process's own and V8's heap, whatever is larger in sum. */
async function peakOf(
  count: number,
): Promise<Record<'peakBytes' | 'ticksWriting' | 'ticksVerifying' | 'contentBytes', number>> {
  function* events(): Generator<ReturnType<typeof sessionEvent>> {
    const more = { trace_id: 'trace', trace_path: 'traces/trace.json', reason_codes: ['a', 'b'] };
    for (let sequence = 1; sequence <= count; sequence += 1) yield sessionEvent(sequence, more);
  }
  let ticks = 0;
  let peakBytes = 0;
  const timer = setInterval(() => {
    ticks += 1;
    const { heapUsed, external } = process.memoryUsage();
    peakBytes = Math.max(peakBytes, heapUsed + external);
  }, 5);
  try {
    const { path, filesBytes, manifestDigest } = await newPack({ events: events() });
    const ticksWriting = ticks;
    const expected = { ...binding, sequenceEnd: count, manifestDigest };
    const report = await verifyRunpack(nodeFileSystem, path, { expect: expected });
    expect(report.problems).toEqual([]);
    const contentBytes = Object.values(filesBytes).reduce((sum, bytes) => sum + bytes, 0);
    return { peakBytes, ticksWriting, ticksVerifying: ticks - ticksWriting, contentBytes };
  } finally {
    clearInterval(timer);
  }
}
