/** Contents that come from the other side into the staging folder, whole, as differences, or before they have a digest. */
import { copiedData } from '../contents/delta-files.ts';
import type { Chunk } from '../endpoint.ts';
import { reasonOf } from '../files/system-error.ts';
import type { EndpointStorage } from './endpoint-storage.ts';

export class IncomingContents {
  readonly #root: string;
  readonly #storage: Pick<EndpointStorage, 'staging'>;
  #streams = 0;

  /** @param storage is asked for its staging folder each time, which may be another one by then */
  constructor(root: string, storage: Pick<EndpointStorage, 'staging'>) {
    this.#root = root;
    this.#storage = storage;
  }

  /** As an endpoint's. */
  async receive(chunks: AsyncIterable<Chunk>): Promise<void> {
    const stream = ++this.#streams;
    try {
      for await (const chunk of chunks) await this.write(chunk, stream);
      this.#storage.staging.endOfContents(stream);
    } finally {
      this.#storage.staging.suspend(stream);
    }
  }

  /** A content that came early is of no use, unless it is about to be used. */
  outdate(digest: string): void {
    this.#storage.staging.outdate(digest);
  }

  /** A content is about to come in part by part whose digest is told by `nameEarly`, and its code by this key. */
  beginEarly(
    name: string,
    { outdated, key }: { outdated?: string | undefined; key?: string | undefined },
  ): void {
    if (outdated !== undefined) this.outdate(outdated);
    this.#storage.staging.beginEarly(name, key);
  }

  /** The digest of a content that comes in, and its code; undefined: it is given up. */
  nameEarly(name: string, digest: string | undefined, code?: string): void {
    this.#storage.staging.nameEarly(name, digest, code);
  }

  /** Takes in one part of a content. @param stream by which the parts of one content come in their order. */
  async write(chunk: Chunk, stream = 0): Promise<void> {
    const { staging } = this.#storage;
    if (chunk.copied === undefined) return await staging.write(chunk, stream);
    try {
      for await (const part of copiedData(this.#root, chunk)) await staging.write(part, stream);
    } catch (error) {
      staging.refuse(chunk.digest, reasonOf(error));
    }
  }
}
