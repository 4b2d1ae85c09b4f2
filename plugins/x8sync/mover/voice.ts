/** How a mover speaks: lines of the protocol into the pod's log. */
import { formatMessage, type LogLevel, type Messages } from './protocol.ts';

export class Voice {
  readonly #write: (line: string) => void;

  /** @param write writes one line, without its end, at once and whole. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  tell<Word extends keyof Messages>(word: Word, message: Messages[Word]): void {
    this.#write(formatMessage(word, message));
  }

  /** Tells the person. */
  log(level: LogLevel, text: string): void {
    this.tell('log', { level, text });
  }
}
