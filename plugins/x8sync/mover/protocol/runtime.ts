/** What a mover has of the process that it runs in. */
import type { Clock } from '../../../../src/clock.ts';
import type { Paths } from '../system/paths.ts';
import { formatMessage, type LogLevel, type Messages } from './protocol.ts';

/** Sends a signal to a process, which may have ended meanwhile. */
export type Kill = (pid: number, signal: NodeJS.Signals) => void;

export interface Runtime {
  readonly paths: Paths;
  readonly messages: MessageWriter;
  readonly uid: number;
  /** All groups, the first one first. */
  readonly gids: readonly number[];
  readonly kill: Kill;
  /** Listens for the streams of a relay, from the first call on. */
  readonly openRelay: () => Promise<void>;
  readonly clock: Clock;
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal;
}

/** Writes lines of the protocol into the pod's log. */
export class MessageWriter {
  readonly #writeLine: (line: string) => void;

  /** @param writeLine writes one line, without its end, at once and whole. */
  constructor(writeLine: (line: string) => void) {
    this.#writeLine = writeLine;
  }

  /** Writes one message for the plugin. */
  write<Word extends keyof Messages>(word: Word, message: Messages[Word]): void {
    this.#writeLine(formatMessage(word, message));
  }

  /** A line for the person who runs the plugin. */
  log(level: LogLevel, text: string): void {
    this.write('log', { level, text });
  }
}
