/** Reads the source's device over one connection, and over a new one where that broke, as long as it gets somewhere. */
import { MoverExit, Unreachable } from '../access/exit.ts';
import { RetryBudget } from '../access/retry-budget.ts';
import type { SourceAccess } from '../access/source-access.ts';
import { type Fetched, fetchInto } from '../parallel/fetch.ts';
import { deviceQueries } from '../protocol/device-queries.ts';
import type { CopyOptions } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import type { RangeReceiver } from '../ranges/large-file.ts';
import type { Range } from '../ranges/layout.ts';
import { isNetworkCode, meaningOf } from '../rsync/codes.ts';
import { endOnAbort, lastLine } from '../system/programs.ts';
import { type BlockRun, blockBytes, blocksIn, runsOf } from './blocks.ts';

export interface AccessParts {
  readonly options: Pick<CopyOptions, 'retries'>;
  readonly runtime: Pick<Runtime, 'messages' | 'signal'>;
  readonly connection: SourceAccess;
}

export class LastingAccess {
  readonly #parts: AccessParts;
  readonly #retries: RetryBudget;

  constructor(parts: AccessParts) {
    this.#parts = parts;
    this.#retries = new RetryBudget(parts.options.retries);
  }

  /** Digests of the device's first so many bytes. @throws MoverExit, Unreachable, and what opening throws. */
  async *digests(bytes: number): AsyncGenerator<BlockRun> {
    const blocks = blocksIn(bytes);
    for (let block = 0; block < blocks; ) {
      const [since, first] = [performance.now(), block];
      const part = [block * blockBytes, bytes - block * blockBytes] as const;
      const end = { code: 0, said: '' };
      for await (const run of this.#streamRuns(deviceQueries.digests(part), end)) {
        block += run.count;
        yield run;
      }
      if (block < blocks) await this.#recover(end, (block - first) * blockBytes, since);
    }
  }

  async *#streamRuns(query: string, end: { code: number; said: string }): AsyncGenerator<BlockRun> {
    const { connection, runtime } = this.#parts;
    const { signal } = runtime;
    const child = connection.stream(query);
    using _ = endOnAbort(child, signal);
    const over = new Promise<number>((resolve) => {
      child.once('error', () => resolve(127));
      child.once('close', (code) => resolve(code ?? 128));
    });
    child.stderr.on('data', (chunk: Buffer) => {
      end.said = lastLine(String(chunk));
    });
    try {
      yield* runsOf(child.stdout as AsyncIterable<Buffer>);
      end.code = await over;
      signal.throwIfAborted();
    } finally {
      child.kill();
    }
  }

  /**
   * Brings a range to a receiver.
   *
   * @param receiver makes one for each attempt.
   * @param moved told of bytes as they come; negative where they did not count.
   * @returns the receiver that has all of it.
   * @throws MoverExit, Unreachable, what opening throws, and what writing to the target throws.
   */
  async fetch(
    range: Range,
    receiver: () => RangeReceiver,
    moved: (bytes: number) => void | Promise<void>,
  ): Promise<RangeReceiver> {
    const { connection, runtime } = this.#parts;
    for (;;) {
      const since = performance.now();
      let came = 0;
      const tell = (bytes: number) => {
        came += bytes;
        return moved(bytes);
      };
      const into = receiver();
      const fetched = await fetchInto(into, connection, deviceQueries.blocks(range), tell, runtime.signal);
      if (fetched.code === 0) return into;
      await moved(-came);
      await this.#recover(fetched, came, since);
    }
  }

  async #recover({ code, said }: Fetched, moved: number, since: number): Promise<void> {
    const { connection, runtime } = this.#parts;
    // An answer that ends too early is that of a connection that broke.
    const broke = code === 0 || code > 128 || isNetworkCode(code);
    if (!broke) throw new MoverExit('source-failed', `the source's device could not be read: ${said}`);
    const meaning = said === '' ? meaningOf(255) : `${meaningOf(255)}: ${said}`;
    if (!this.#retries.broke(moved, performance.now() - since)) throw new Unreachable(meaning);
    runtime.messages.log('warning', `${meaning}: trying again`);
    await connection.reopen(this.#retries.nextDelay() * 1000);
  }
}
