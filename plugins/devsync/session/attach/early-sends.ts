/** Contents that go to an agent while they are still read: their digests are told once they are known. */
import type { Operation } from '../../reconcile/operations.ts';
import type { Chunk, ContentRef, EarlyContent } from '../../sync/endpoint.ts';

async function* only<T>(one: T): AsyncGenerator<T> {
  yield one;
}

/** How an agent is told. */
export interface EarlyLine {
  /** Contents come with their key, and are checked by a code. */
  readonly takesCodes: boolean;
  /** Opens a stream of contents; what is sent by it resolves when all is under way. */
  readonly open: () => (chunks: AsyncIterable<Chunk>) => Promise<void>;
  /** In the order in which they are sent: no answer is waited for. */
  readonly callAhead: (method: string, parameters: unknown) => void;
}

export class EarlySends {
  readonly #line: EarlyLine;
  /** Contents that are on their way while they are still read. */
  readonly #early = new Map<EarlyContent, Promise<void>>();
  #last: EarlyContent | undefined;

  constructor(line: EarlyLine) {
    this.#line = line;
  }

  /** Resolves when those of them that are on their way already are there. */
  async arrived(wanted: readonly ContentRef[]): Promise<void> {
    for (const [{ digest }, done] of [...this.#early])
      if (wanted.some((one) => one.digest === digest)) await done.catch(() => {});
  }

  /** Resolves when all is under way, or it was given up; rejects where the stream breaks. */
  async send(early: EarlyContent): Promise<void> {
    const done = this.#send(early);
    this.#early.set(early, done);
    await done.finally(() => this.#early.delete(early));
  }

  async #send(early: EarlyContent): Promise<void> {
    const { callAhead, takesCodes } = this.#line;
    const { name, path } = early;
    const send = this.#line.open();
    const outdated = this.#last?.path === path ? this.#last.digest : undefined;
    this.#last = early;
    const key = takesCodes ? early.key : undefined;
    callAhead('early', { name, outdated, key });
    try {
      await send(early.chunks());
      const { last } = early;
      callAhead('become', { name, digest: last?.digest, code: key && early.code });
      if (last) await send(only(last));
    } catch (error) {
      callAhead('become', { name });
      throw error;
    }
  }

  /** What came early, and is no version that is put in place now, is of no use any more. */
  dropOutdated(operations: readonly Operation[]): void {
    const early = this.#last;
    const next = early && operations.find(({ path }) => path === early.path)?.new;
    if (early?.digest === undefined || next === undefined) return;
    if (next.kind !== 'file' || next.digest !== early.digest)
      this.#line.callAhead('outdate', { digest: early.digest });
    this.#last = undefined;
  }
}
