/** The terminal, as a list that redraws itself and lines that stay share it. */
import { forTerminal } from '../plain-text.ts';

/** A live region that lets single lines pass above it, which {@link Screen.print} has made fit for a terminal. */
export interface LiveRegion {
  printAbove(text: string): void;
}

/** Where single lines go: above the list while it is live, straight to the stream while it is not. */
export class Screen {
  #live: LiveRegion | undefined;
  /** A list is on the screen, or about to be. */
  isLive = false;
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  print(text: string): void {
    const plain = forTerminal(text);
    if (this.#live) this.#live.printAbove(plain);
    else this.#stream.write(`${plain}\n`);
  }

  attach(region: LiveRegion | undefined): void {
    this.#live = region;
  }
}
