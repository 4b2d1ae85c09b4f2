/** Makes the target's blocks the source's: fetched over one stream or several, or made zeros; each is read again. */
import { type FileHandle, open } from 'node:fs/promises';
import { MoverExit } from '../access/exit.ts';
import type { SourceAccess } from '../access/source-access.ts';
import type { CopyOptions } from '../protocol/options.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { digestOfRange, RangeReceiver } from '../ranges/large-file.ts';
import type { Extent, Range } from '../ranges/layout.ts';
import { Pace } from '../system/pace.ts';
import type { BlockMap } from './block-map.ts';
import { LastingAccess } from './lasting-access.ts';
import { DeviceProgress } from './progress.ts';
import { readsAsZeros, Zeroing } from './zeroing.ts';

export interface DeviceTransferParts {
  readonly options: CopyOptions;
  readonly runtime: Runtime;
  /** The one that is open. */
  readonly connection: SourceAccess;
  readonly map: BlockMap;
  readonly streams: number;
}

const bufferBytes = 1 << 20;

/** @throws MoverExit, and what opening a connection throws. */
export async function transferBlocks(parts: DeviceTransferParts): Promise<void> {
  const { runtime, map } = parts;
  const file = await open(runtime.paths.targetDevice, 'r+');
  const progress = new DeviceProgress(runtime.messages, map.bytes('fetch') + map.bytes('zero'));
  try {
    await new DeviceTransfer(parts, file, progress).run();
    await file.datasync();
  } catch (error) {
    runtime.signal.throwIfAborted();
    throw asEnding(error as NodeJS.ErrnoException);
  } finally {
    await file.close();
  }
}

/** What writing to a device throws has a system call; what else is thrown says itself how it ends. */
function asEnding(error: NodeJS.ErrnoException): Error {
  if (error.syscall === undefined) return error;
  const what = `writing to the target's device failed: ${error.message}`;
  return new MoverExit(error.code === 'ENOSPC' ? 'no-room' : 'io', what);
}

class DeviceTransfer {
  readonly #parts: DeviceTransferParts;
  readonly #file: FileHandle;
  readonly #progress: DeviceProgress;
  readonly #pace: Pace;
  readonly #ranges: Iterator<Range>;
  readonly #failed = new AbortController();
  readonly #runtime: Runtime;

  constructor(parts: DeviceTransferParts, file: FileHandle, progress: DeviceProgress) {
    const { runtime, options, map } = parts;
    this.#parts = parts;
    this.#file = file;
    this.#progress = progress;
    this.#pace = new Pace(options.bandwidth);
    this.#ranges = map.ranges();
    // A stream that fails ends the others.
    this.#runtime = { ...runtime, signal: AbortSignal.any([runtime.signal, this.#failed.signal]) };
  }

  async run(): Promise<void> {
    const { streams } = this.#parts;
    const work = [this.#zero(), ...Array.from({ length: streams }, (_, index) => this.#stream(index))];
    const ends = await Promise.allSettled(
      work.map((part) =>
        part.catch((error: unknown) => {
          if (!this.#failed.signal.aborted) this.#failed.abort(error);
          throw error;
        }),
      ),
    );
    this.#parts.runtime.signal.throwIfAborted();
    if (ends.some(({ status }) => status === 'rejected')) throw this.#failed.signal.reason;
  }

  /** @param index the first one has the connection that is open. */
  async #stream(index: number): Promise<void> {
    const { options, connection } = this.#parts;
    const own = index === 0 ? connection : connection.another(index, options, this.#runtime);
    try {
      if (index > 0) await own.open();
      const access = new LastingAccess({ options, runtime: this.#runtime, connection: own });
      for (let next = this.#ranges.next(); !next.done; next = this.#ranges.next())
        await this.#fetch(next.value, access);
    } finally {
      if (index > 0) await own.close();
    }
  }

  async #fetch(range: Range, access: LastingAccess): Promise<void> {
    const moved = (bytes: number) => {
      this.#progress.moved(bytes);
      return bytes > 0 ? this.#pace.take(bytes, this.#runtime.signal) : undefined;
    };
    const { digest } = await access.fetch(range, () => new RangeReceiver(this.#file, range), moved);
    if ((await digestOfRange(this.#file, range, Buffer.allocUnsafe(bufferBytes))) === digest) return;
    throw misread(range[0]);
  }

  async #zero(): Promise<void> {
    const zeroing = new Zeroing(this.#runtime.paths.targetDevice, this.#file, this.#runtime.signal);
    for (const extent of this.#parts.map.extents('zero')) {
      await zeroing.make(extent, (bytes) => this.#progress.moved(bytes));
      if (!(await readsAsZeros(this.#file, extent))) throw misread(extent);
    }
  }
}

const misread = ([offset = 0]: Extent | readonly [] = []): MoverExit =>
  new MoverExit('io', `the target's device does not read as what was written to it, from byte ${offset} on`);
