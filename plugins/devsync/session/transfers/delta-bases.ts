/** What the differences of a large content are to: what is known of both versions here, or the other side's signature. */
import { leastForDelta } from '../../sync/contents/delta-files.ts';
import type { ContentRef, ContentRequest, Endpoint } from '../../sync/endpoint.ts';

interface Sides {
  readonly from: Pick<Endpoint, 'unchanged'>;
  readonly to: Pick<Endpoint, 'takesDeltas' | 'signature'>;
}

/** Digests that are remembered. */
const most = 1000;

/** Remembers, for one side that gets contents, which were sent to it without a look at what it has. */
export class DeltaBases {
  /** Where such a content has to be sent again, it was put together wrongly: then the other side looks. */
  readonly #tried = new Set<string>();

  /** @param before the version that is there now, under whichever name. */
  async withBasis(
    need: ContentRequest,
    before: ContentRef | undefined,
    { from, to }: Sides,
  ): Promise<ContentRequest> {
    if (before === undefined || need.size < leastForDelta || before.size < leastForDelta) return need;
    if (!to.takesDeltas) return need;
    const { path } = before;
    const unchanged = this.#isNew(need.digest) && (await from.unchanged?.(before.digest, need.digest));
    if (unchanged) return { ...need, basis: { path, unchanged } };
    const signature = await to.signature({ ...need, path });
    return signature ? { ...need, basis: { path, signature } } : need;
  }

  #isNew(digest: string): boolean {
    if (this.#tried.has(digest)) return false;
    if (this.#tried.size >= most) this.#tried.clear();
    this.#tried.add(digest);
    return true;
  }
}
