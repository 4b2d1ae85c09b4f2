/** The title of a terminal's window or tab. */

const esc = '\u001b';
/** Keeps the title that there is, and brings it back (xterm's window operations; terminals that know none ignore them). */
const [keep, bringBack] = [`${esc}[22;2t`, `${esc}[23;2t`];

export class TerminalTitle {
  readonly #stream: Pick<NodeJS.WritableStream, 'write'>;
  #last: string | undefined;

  constructor(stream: Pick<NodeJS.WritableStream, 'write'>) {
    this.#stream = stream;
  }

  /** Control characters, which would end the title and be obeyed, become blanks. */
  set(text: string): void {
    const plain = text.replace(/\p{C}+/gu, ' ');
    if (plain === this.#last) return;
    this.#stream.write(`${this.#last === undefined ? keep : ''}${esc}]2;${plain}${esc}\\`);
    this.#last = plain;
  }

  restore(): void {
    if (this.#last !== undefined) this.#stream.write(bringBack);
    this.#last = undefined;
  }
}
