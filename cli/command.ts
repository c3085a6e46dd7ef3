/** The shapes that commands, the command tree and the runner share. */
import type { Arguments, Flag } from './flags.js';
import type { Io } from './io.js';
import type { Output } from './output.js';

/** One command. Its module is loaded only when it is run, or its help is shown. */
export interface Command {
  /** Its own flags, beside {@link COMMON_FLAGS}. */
  readonly flags: readonly Flag[];
  /** Placeholders of the positional arguments, required or, in brackets, optional; the last may be any number, `[PATH...]`. */
  readonly positionals?: readonly string[];
  /** Command lines that work as printed, without the leading `gait`. */
  readonly examples: readonly string[];
  run(invocation: Invocation): Promise<Outcome>;
}

/** One call of a command. */
export interface Invocation {
  /** All commands, for help on them. */
  readonly tree: CommandGroup;
  readonly args: Arguments;
  readonly io: Io;
  readonly out: Output;
  readonly json: boolean;
  /** `--correlation-id` or GAIT_CORRELATION_ID, when one was given. */
  readonly givenCorrelationId?: string;
  readonly correlationId: () => Promise<string>;
  /**
   * Fields that the JSON object of this run carries whether it ends well or not. A command fills them in as they
   * become known: which journal it was, how far it came.
   */
  readonly echo: Record<string, unknown>;
}

/** What a command leaves to the runner to print. Streaming commands have printed most of it themselves. */
export interface Outcome {
  /** 0 unless given. */
  readonly exitCode?: number;
  /** Added to `operation`, the echo and the correlation id. Absent: no object is printed. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Lines for stdout, in text mode. */
  readonly text?: readonly string[];
  /** Lines for stderr, in text mode. */
  readonly warnings?: readonly string[];
}

/** A command or a group of commands, as the tree lists them. */
export type CommandNode = CommandGroup | CommandLeaf;

export interface CommandLeaf {
  readonly name: string;
  /** One sentence: help and `--explain`. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
  /** Commands below a command: their names take precedence over its positional arguments. */
  readonly children?: readonly CommandNode[];
}

export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly children: readonly CommandNode[];
}
