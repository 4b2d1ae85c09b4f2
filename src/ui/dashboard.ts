/** A view that a command draws itself at the end of a terminal, with keys and a title; lines pass above it. */
import { onKeys } from './keyboard.ts';
import { type Line, LiveLines } from './live-lines.ts';
import type { Screen } from './screen.ts';
import type { Style } from './style.ts';
import { TerminalTitle } from './title.ts';

export interface DashboardOptions {
  readonly input: NodeJS.ReadStream;
  readonly stream: NodeJS.WriteStream;
  readonly style: Style;
  readonly screen: Screen;
}

export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #lines: LiveLines;
  readonly #title: TerminalTitle;
  #stopKeys: (() => void) | undefined;
  readonly #restore = (): void => {
    this.#title.restore();
    this.#lines.end();
  };

  readonly #resume = (): void => this.#lines.resume();

  constructor(options: DashboardOptions) {
    const { stream, style, screen } = options;
    this.#options = options;
    this.#lines = new LiveLines(stream, style);
    this.#title = new TerminalTitle(stream);
    screen.attach(this.#lines);
    // Also where a second Ctrl-C ends the process at once.
    process.once('exit', this.#restore);
    process.on('SIGCONT', this.#resume);
  }

  /** Columns and rows that lines may take. */
  get room(): { readonly columns: number; readonly rows: number } {
    return this.#lines.room;
  }

  draw(lines: readonly Line[]): void {
    this.#lines.draw(lines);
  }

  title(text: string): void {
    this.#title.set(text);
  }

  /** Hands on each key by its name or its letter. */
  onKey(handler: (key: string) => void): void {
    this.#stopKeys = onKeys(this.#options.input, handler);
  }

  /** Leaves the terminal as it was. */
  close(): void {
    process.removeListener('exit', this.#restore);
    process.removeListener('SIGCONT', this.#resume);
    this.#stopKeys?.();
    this.#options.screen.attach(undefined);
    this.#restore();
  }
}
