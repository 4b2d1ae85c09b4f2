/** The large files of a copy: begun, fetched range by range, checked whole, put in their places. */
import type { SourceAccess } from '../access/source-access.ts';
import type { StagingFolder } from '../access/staging.ts';
import type { Runtime } from '../protocol/runtime.ts';
import { LargeFile } from '../ranges/large-file.ts';
import { bytesOf, type FileLayout, isSameVersion, rangeBytesFor } from '../ranges/layout.ts';
import { fileQueries } from '../ranges/queries.ts';
import type { Counts } from '../rsync/stats.ts';

/** A piece of work for a stream. */
export interface RangeWork {
  readonly file: LargeFile;
  readonly index: number;
}

export interface LargeFilesParts {
  readonly runtime: Runtime;
  /** By which layouts are asked for. */
  readonly connection: SourceAccess;
  readonly staging: StagingFolder;
  readonly streams: number;
  /** What a file that is in its place adds to the figures. */
  readonly note: (counts: Counts) => void;
}

export class LargeFiles {
  readonly #parts: LargeFilesParts;
  readonly #open = new Set<LargeFile>();

  constructor(parts: LargeFilesParts) {
    this.#parts = parts;
  }

  /** What is to be fetched of a file; undefined where it is left to rsync. */
  async begin(path: Buffer): Promise<RangeWork[] | undefined> {
    const { runtime, staging, streams } = this.#parts;
    try {
      const layout = await this.#layoutOf(path);
      const rangeBytes = rangeBytesFor(layout, streams);
      const file = await LargeFile.open(runtime.paths.target, staging.temporary, path, layout, rangeBytes);
      this.#open.add(file);
      const { missing } = file;
      // All of it may have come by an earlier run, or it holds no data at all.
      if (missing.length === 0) await this.finish(file);
      return missing.map((index) => ({ file, index }));
    } catch (error) {
      this.#leave(path, (error as Error).message);
      return undefined;
    }
  }

  async #layoutOf(path: Buffer): Promise<FileLayout> {
    const { code, stdout, stderr } = await this.#parts.connection.askOnce(fileQueries.layout(path));
    if (code !== 0) throw new Error(`the source does not tell where its data is: ${stderr.trim()}`);
    return JSON.parse(stdout) as FileLayout;
  }

  /** The last range of a file has come. Never rejects: what can't be put in its place is left to rsync. */
  async finish(file: LargeFile): Promise<void> {
    this.#open.delete(file);
    try {
      if (!(await file.isWhole())) throw new Error('what has come is not what was read at the source');
      if (!isSameVersion(file.layout, await this.#layoutOf(file.path)))
        throw new Error('it has changed at the source meanwhile');
      const { isNew, folders } = await file.place();
      const created = isNew ? 1 : 0;
      this.#parts.note({
        transferredFiles: 1,
        transferredBytes: file.layout.size,
        literalBytes: bytesOf(file.layout.extents),
        createdFiles: created,
        createdEntries: created + folders,
      });
    } catch (error) {
      file.discard();
      await file[Symbol.asyncDispose]();
      this.#leave(file.path, (error as Error).message);
    }
  }

  #leave(path: Buffer, why: string): void {
    const { messages } = this.#parts.runtime;
    messages.log('info', `${JSON.stringify(path.toString())} is left to the closing pass: ${why}`);
  }

  /** @param keep what has come of files that are not whole, for a further run to go on with. */
  async close(keep: boolean): Promise<void> {
    for (const file of this.#open) {
      if (!keep) file.discard();
      await file[Symbol.asyncDispose]();
    }
  }
}
