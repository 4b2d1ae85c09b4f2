/** What a person is told of the way to the cluster: that it does not answer, once, and that it does again. */
import { messageOf, UnreachableError } from '../../../src/errors.ts';

export class LineNews {
  readonly #tell: (line: string) => void;
  #trouble = '';

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  disconnected(error: Error): void {
    if (!(error instanceof UnreachableError) || this.#trouble !== '') return;
    this.#trouble = messageOf(error);
    this.#tell(`${this.#trouble}; it is tried again`);
  }

  connected(): void {
    if (this.#trouble !== '') this.#tell('the cluster answers again');
    this.#trouble = '';
  }
}
