/** The folder of the sessions and the disk below it. */
import { byteSize } from '../text.js';
import { fail, pass, severe, shellWord, warn, type Finding } from './check.js';
import type { DiskFacts, Patient, WriteProbe } from './machine.js';
import { messageOf } from './machine-checks.js';

const LOW_BYTES = 1024 ** 3;
const NO_BYTES = 64 * 1024 ** 2;
const LOW_INODES = 10_000;
const NO_INODES = 100;

/** Permission bit of others. */
const OTHERS_WRITE = 0o002;

/** A local disk takes a fraction of a millisecond, a slow cloud volume a few. */
const SLOW_SYNC_MS = 20;

/** What src/journal/store/guard-record.ts allows the clocks of host and file server to differ. */
const CLOCK_WINDOW_MS = 2_000;

export function diskChecks(patient: Patient): Finding[] {
  const { machine, root } = patient;
  const disk = machine.disk(root);
  return [
    rootFolder(patient),
    fileSystem(disk, patient),
    space(disk, patient),
    inodes(disk, patient),
    ...writing(patient),
  ];
}

function rootFolder({ machine, root }: Patient): Finding {
  const { kind } = machine.look(root);
  if (kind === 'folder') return pass('root', `sessions are kept in ${root}`, { path: root });
  const fix = { path: root, fix_command: `mkdir -p ${shellWord(root)}` };
  if (kind !== 'missing')
    return fail('root', `${root} is no folder`, { path: root, fix_command: 'gait doctor --root DIR' });
  return warn('root', `${root} is not there yet; starting a session makes it`, {
    ...fix,
    cure: () => {
      machine.makeFolder(root);
      return `made ${root}`;
    },
  });
}

function fileSystem({ name, kind }: DiskFacts, { root, isProduction }: Patient): Finding {
  const say = severe(isProduction);
  const elsewhere = { path: root, fix_command: 'gait doctor --root DIR' };
  switch (kind) {
    case 'memory':
      return say('file_system', `${root} is on ${name}: its evidence is gone at the next reboot`, elsewhere);
    case 'overlay':
      return say(
        'file_system',
        `${root} is on ${name}: its evidence goes with the container; mount a volume`,
        elsewhere,
      );
    case 'network':
      return warn(
        'file_system',
        `${root} is on ${name}: between hosts only the lock directory protects; keep each session's writers on one host`,
        { path: root },
      );
    case 'unknown':
      return pass('file_system', `${root} is on a file system that gait does not know (${name})`, { path: root });
    case 'local':
      return pass('file_system', `${root} is on ${name}`, { path: root });
  }
}

function space({ freeBytes, totalBytes }: DiskFacts, { root }: Patient): Finding {
  const message = `${byteSize(freeBytes)} free of ${byteSize(totalBytes)}`;
  const cure = { path: root, fix_command: `gait prune --root ${shellWord(root)} --dry-run` };
  if (freeBytes < NO_BYTES) return fail('disk_space', `${message}: appends are about to be refused`, cure);
  return freeBytes < LOW_BYTES ? warn('disk_space', `${message}: that is little`, cure) : pass('disk_space', message);
}

function inodes({ freeInodes, totalInodes }: DiskFacts, { root }: Patient): Finding {
  if (totalInodes === 0) return pass('inodes', 'the file system makes them as it goes');
  const message = `${freeInodes} of ${totalInodes} inodes free`;
  const cure = { path: root, fix_command: `gait prune --root ${shellWord(root)} --dry-run` };
  if (freeInodes < NO_INODES) return fail('inodes', `${message}: no new session can be started`, cure);
  return freeInodes < LOW_INODES ? warn('inodes', `${message}: that is little`, cure) : pass('inodes', message);
}

function writing(patient: Patient): Finding[] {
  const { machine, root } = patient;
  let probe: WriteProbe;
  try {
    probe = machine.tryWrite(root);
  } catch (error) {
    const cure = `chown -R "$(id -un)" ${shellWord(root)} && chmod -R u+rwX ${shellWord(root)}`;
    return [fail('writable', messageOf(error), { path: root, fix_command: cure })];
  }
  const isWritable = pass('writable', `${root} can be written to`, { path: root });
  return [isWritable, ...openToOthers(patient), syncTime(probe, root), fileClock(probe, root)];
}

/** Whoever can write to the root can take journals away, or put others in their place. */
function openToOthers({ machine, root, isProduction }: Patient): Finding[] {
  const { kind, mode } = machine.look(root);
  if (kind !== 'folder' || (mode & OTHERS_WRITE) === 0) return [];
  const message = `anybody on this machine can write to ${root} (mode ${mode.toString(8).padStart(4, '0')})`;
  const cure = { path: root, fix_command: `chmod o-w ${shellWord(root)}` };
  return [severe(isProduction)('root_permissions', message, cure)];
}

function syncTime({ syncMedianMs, syncWorstMs }: WriteProbe, root: string): Finding {
  const message = `a durable write takes ${ms(syncMedianMs)} (worst of eight: ${ms(syncWorstMs)})`;
  if (syncMedianMs < SLOW_SYNC_MS) return pass('sync_latency', message);
  return warn('sync_latency', `${message}: every durable append waits for it; keep sessions on a faster disk`, {
    path: root,
    fix_command: 'gait doctor --root DIR',
  });
}

function fileClock({ clockAheadMs }: WriteProbe, root: string): Finding {
  if (Math.abs(clockAheadMs) <= CLOCK_WINDOW_MS)
    return pass('file_clock', "the file system's clock agrees with this host's");
  return warn(
    'file_clock',
    `the file system's clock is ${ms(Math.abs(clockAheadMs))} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this host's: a dead writer's lock may have to grow stale before it is taken over`,
    { path: root, fix_command: 'timedatectl set-ntp true' },
  );
}

function ms(value: number): string {
  return value < 10 ? `${value.toFixed(2)} ms` : `${Math.round(value)} ms`;
}
