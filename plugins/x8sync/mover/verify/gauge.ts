/** How far a verification is: what the target's side has read of what the source holds. */
import type { Source } from '../access/source.ts';
import type { Entry } from '../manifest/entry.ts';
import type { MessageWriter } from '../protocol/runtime.ts';
import { RecentRate } from '../system/recent-rate.ts';

export class VerifyGauge {
  readonly #source: Pick<Source, 'totals'>;
  readonly #messages: MessageWriter;
  readonly #rate = new RecentRate(performance.now());
  #toldAt = Math.floor(Date.now() / 1000);
  #bytes = 0;
  #entries = 0;

  constructor(source: Pick<Source, 'totals'>, messages: MessageWriter) {
    this.#source = source;
    this.#messages = messages;
  }

  /** Notes bytes as they are read. */
  read(bytes: number): void {
    this.#bytes += bytes;
    // One line a second at most.
    const second = Math.floor(Date.now() / 1000);
    if (second === this.#toldAt) return;
    this.#toldAt = second;
    const totals = this.#source.totals;
    this.#messages.write('progress', {
      bytes: this.#bytes,
      totalBytes: Math.max(totals?.bytes ?? 0, this.#bytes),
      files: this.#entries,
      totalFiles: Math.max(totals?.entries ?? 0, this.#entries),
      rate: this.#rate.next(this.#bytes, performance.now()),
      scanning: totals === undefined,
      comparing: true,
      attempt: 1,
    });
  }

  /** Hands the entries on, and counts them. */
  async *counting(manifest: AsyncIterable<readonly Entry[]>): AsyncGenerator<readonly Entry[]> {
    for await (const batch of manifest) {
      this.#entries += batch.length;
      yield batch;
    }
  }
}
