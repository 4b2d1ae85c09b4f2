/** Whether anything leads to the source at the moment, over all connections of a mover. */
import type { Clock } from '../../../../src/clock.ts';
import type { MessageWriter } from '../protocol/runtime.ts';

/**
 * Tells the plugin when the last connection that files come by is lost, and when one is there again. The first
 * connection, by which questions are asked, counts where no stream has one of its own: beside streams it stands idle,
 * and may be broken without anybody's noticing.
 */
export class LineState {
  readonly #messages: Pick<MessageWriter, 'write'>;
  readonly #clock: Pick<Clock, 'now'>;
  /** By the number of its stream, the address that a connection leads to; undefined where it is lost. */
  readonly #streams = new Map<number, string | undefined>();
  #isLost = false;

  constructor(messages: Pick<MessageWriter, 'write'>, clock: Pick<Clock, 'now'>) {
    this.#messages = messages;
    this.#clock = clock;
  }

  opened(stream: number, address: string): void {
    this.#streams.set(stream, address);
    this.#tell();
  }

  lost(stream: number): void {
    this.#streams.set(stream, undefined);
    this.#tell();
  }

  /** It is of no use any more. */
  closed(stream: number): void {
    if (stream !== 0) this.#streams.delete(stream);
    this.#tell();
  }

  #tell(): void {
    const counted = [...this.#streams].filter(([stream]) => stream !== 0 || this.#streams.size === 1);
    const address = counted.map(([, one]) => one).find((one) => one !== undefined);
    const isLost = counted.length > 0 && address === undefined;
    if (isLost === this.#isLost) return;
    this.#isLost = isLost;
    // Whole seconds: nobody notices it sooner.
    if (isLost)
      this.#messages.write('disconnected', { since: this.#clock.now().toISOString().replace(/\.\d+/, '') });
    else this.#messages.write('connected', { address: address ?? '' });
  }
}
