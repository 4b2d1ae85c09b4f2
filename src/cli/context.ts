/** What runs and commands are handed, so that nothing below the entry point touches `process`. */
import type { Clock } from '../clock.ts';
import type { Dashboard } from '../ui/dashboard.ts';
import type { CollectingReporter } from '../ui/reporter.ts';
import type { Style } from '../ui/style.ts';
import type { KubeAccess } from './kube-access.ts';
import type { OutputFormat } from './output.ts';
import type { PluginInfo } from './version.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What one run of the program is handed; tests hand in their own. */
export interface PluginContext {
  readonly plugin: PluginInfo;
  /** `kubectl x8sync`. */
  readonly binaryName: string;
  /** As for commands; absent before one is found. */
  readonly commandLine?: readonly string[];
  readonly env: Environment;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** clipanion asks for it; nothing uses it. */
  readonly colorDepth: number;
  readonly clock: Clock;
  /** Aborted by the first signal, with an InterruptedError. */
  readonly signal: AbortSignal;
  /** Registers a function that lists what a second signal would leave behind. */
  onAbandoned(list: () => readonly string[]): void;
  readonly kubeAccess: KubeAccess;
}

/** What a command's `run` is handed. */
export interface CommandContext {
  readonly plugin: PluginInfo;
  /** `kubectl x8sync`, for hints. */
  readonly binaryName: string;
  /** What was typed, in one form: the command's name, `--option=value` each, `--`, arguments. */
  readonly commandLine: readonly string[];
  readonly env: Environment;
  readonly reporter: CollectingReporter;
  readonly clock: Clock;
  /** Aborted by a signal, or when `--timeout` is over; its reason is the error to end with. */
  readonly signal: AbortSignal;
  /** `-o`; undefined where not given. */
  readonly output: OutputFormat | undefined;
  /** Colours for what goes to stdout: none where that is no terminal. */
  readonly style: Style;
  /** For commands that watch: a line of JSON with `-o json`, a document with `-o yaml`, else the text. */
  event(data: unknown, text: string): Promise<void>;
  /** A terminal to draw on and to take keys from; undefined where there is none. */
  dashboard(): Dashboard | undefined;
  /**
   * Asks on the terminal, yes or no; a UsageError where there is no terminal.
   *
   * @param about what a yes agrees to, line by line: it is part of the question, so that `-o json`, which keeps the
   * reporter silent, asks about nothing that was not shown.
   */
  confirm(question: string, about?: readonly string[]): Promise<boolean>;
  /** Asks for a password without showing it; without a terminal, the first line of standard input. */
  password(question: string): Promise<string>;
  /** Tells what a second Ctrl-C would leave behind, one line each; asked only then. */
  onAbandoned(list: () => readonly string[]): void;
}
