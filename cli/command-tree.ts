/** Every command there is, with a sentence each. Their modules are loaded one at a time, which keeps a start cheap. */
import type { CommandGroup } from './command.js';

export const COMMAND_TREE: CommandGroup = {
  name: 'gait',
  summary: 'Keeps the evidence of what AI agents did, in journals that anybody can verify offline.',
  children: [
    {
      name: 'run',
      summary: 'Keeps journals of agent runs.',
      children: [
        {
          name: 'session',
          summary: 'Starts, appends to, seals and reads the journal of one session.',
          children: [
            {
              name: 'start',
              summary: 'Creates a session journal, or returns the one that is there.',
              load: async () => (await import('./commands/start.js')).start,
            },
            {
              name: 'append',
              summary: 'Appends one event, or with --stdin a stream of them, durably before it is acknowledged.',
              load: async () => (await import('./commands/append.js')).append,
            },
            {
              name: 'checkpoint',
              summary: 'Seals the events so far, signed when a key is given, with a runpack, chain and note on demand.',
              load: async () => (await import('./commands/checkpoint.js')).checkpoint,
            },
            {
              name: 'close',
              summary: 'Ends a session for good, with a closing event and a last checkpoint.',
              load: async () => (await import('./commands/close.js')).close,
            },
            {
              name: 'compact',
              summary: 'Moves sealed lines out of the journal file into a segment; root and verdict stay the same.',
              load: async () => (await import('./commands/compact.js')).compact,
            },
            {
              name: 'status',
              summary: 'Says where a session stands, without locking or writing anything.',
              load: async () => (await import('./commands/status.js')).status,
            },
            {
              name: 'list',
              summary: 'Lists every session under a root folder.',
              load: async () => (await import('./commands/list.js')).list,
            },
            {
              name: 'show',
              summary: 'Prints the lines of a journal, or the payload of an event.',
              load: async () => (await import('./commands/show.js')).show,
            },
            {
              name: 'tail',
              summary: 'Prints the last lines of a journal, and with --follow those to come.',
              load: async () => (await import('./commands/tail.js')).tail,
            },
            {
              name: 'watch',
              summary: 'Shows events as they land, a readable line each, until the session is closed.',
              load: async () => (await import('./commands/watch.js')).watch,
            },
          ],
        },
      ],
    },
    {
      name: 'verify',
      summary: 'Checks evidence of any kind and reports every problem with its place and meaning.',
      load: async () => (await import('./commands/verify.js')).verify,
      children: [
        {
          name: 'chain',
          summary: 'Checks a runpack, and with --trace a trace, each on its own.',
          load: async () => (await import('./commands/verify-chain.js')).verifyChain,
        },
        {
          name: 'session-chain',
          summary: 'Checks the chain of a session and the runpacks that it lists.',
          load: async () => (await import('./commands/verify-session-chain.js')).verifySessionChain,
        },
      ],
    },
    {
      name: 'prove',
      summary: 'Writes a proof that an event is in a signed log, or that a log only grew.',
      load: async () => (await import('./commands/prove.js')).prove,
    },
    {
      name: 'prune',
      summary:
        'Removes what a retention profile says may go: planned first, then carried out by the digest of the plan.',
      load: async () => (await import('./commands/prune.js')).prune,
    },
    {
      name: 'hold',
      summary: 'Puts sessions under legal hold: what is held is kept, whatever a profile says.',
      children: [
        {
          name: 'set',
          summary: 'Puts a session under hold, for a reason.',
          load: async () => (await import('./commands/hold.js')).holdSet,
        },
        {
          name: 'release',
          summary: 'Ends the holds on a session, for a reason.',
          load: async () => (await import('./commands/hold.js')).holdRelease,
        },
        {
          name: 'list',
          summary: 'Lists the holds in force, those of ledgers above and below the root included.',
          load: async () => (await import('./commands/hold.js')).holdList,
        },
      ],
    },
    {
      name: 'erase',
      summary: 'Erases the payload of one event for a stated reason; the event and its proof stay.',
      load: async () => (await import('./commands/erase.js')).erase,
    },
    {
      name: 'retention',
      summary: 'Says which retention profiles there are and which is in force, and puts one in force.',
      children: [
        {
          name: 'profiles',
          summary: 'Lists every profile with its rules.',
          load: async () => (await import('./commands/retention.js')).retentionProfiles,
        },
        {
          name: 'show',
          summary: 'Says which profile is in force, and who says so.',
          load: async () => (await import('./commands/retention.js')).retentionShow,
        },
        {
          name: 'set',
          summary: 'Puts a profile in force by writing it into the configuration.',
          load: async () => (await import('./commands/retention.js')).retentionSet,
        },
      ],
    },
    {
      name: 'keys',
      summary: 'Makes and checks the keys that checkpoints are signed with.',
      children: [
        {
          name: 'init',
          summary: 'Makes a key pair, readable by its owner alone; never overwrites one unless forced.',
          load: async () => (await import('./commands/keys.js')).keysInit,
        },
        {
          name: 'rotate',
          summary: 'Makes the next key pair beside the old ones, which are still needed to verify old evidence.',
          load: async () => (await import('./commands/keys.js')).keysRotate,
        },
        {
          name: 'verify',
          summary: 'Checks that a private key can be used and belongs to a public key.',
          load: async () => (await import('./commands/keys.js')).keysVerify,
        },
        {
          name: 'vkey',
          summary: 'Prints the public key of a log as a C2SP vkey, for tools that check signed notes.',
          load: async () => (await import('./commands/keys.js')).keysVkey,
        },
      ],
    },
    {
      name: 'trace',
      summary: 'Emits and checks traces, the signed records of single decisions.',
      children: [
        {
          name: 'emit',
          summary: 'Signs the record of a decision, and with --journal appends its event: both or neither.',
          load: async () => (await import('./commands/trace-emit.js')).traceEmit,
        },
        {
          name: 'verify',
          summary: 'Checks the signature and the ids of each trace, and finds keys that nobody signed.',
          load: async () => (await import('./commands/trace.js')).traceVerify,
        },
      ],
    },
    {
      name: 'timeline',
      summary:
        'Shows what happened in one or many sessions in the order of time; to trust it, verify the same evidence first.',
      load: async () => (await import('./commands/timeline.js')).timelineCommand,
    },
    {
      name: 'demo',
      summary: 'Shows a journal at work on real events, and a tampering caught, in a temporary folder.',
      load: async () => (await import('./commands/demo.js')).demo,
    },
    {
      name: 'report',
      summary: 'Writes a journal as one web page that checks itself offline in the browser of its reader.',
      load: async () => (await import('./commands/report.js')).report,
    },
    {
      name: 'init',
      summary: 'Makes a configuration, a key pair and a folder for sessions; what is there stays as it is.',
      load: async () => (await import('./commands/init.js')).init,
    },
    {
      name: 'doctor',
      summary: 'Looks for what is or could go wrong here, and says what to type.',
      load: async () => (await import('./commands/doctor.js')).doctor,
    },
    {
      name: 'completion',
      summary: 'Prints a script that completes commands and flags in bash, zsh or fish.',
      load: async () => (await import('./commands/completion.js')).completion,
    },
    {
      name: 'version',
      summary: 'Prints the version.',
      load: async () => (await import('./commands/version.js')).version,
    },
    {
      name: 'help',
      summary: 'Shows help on a command or a topic: concepts, files, exit-codes, environment.',
      load: async () => (await import('./commands/help.js')).help,
    },
  ],
};
