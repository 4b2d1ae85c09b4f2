/**
 * Small contents that an agent sends along with what it tells of its tree, which saves the round trip of asking for them:
 * a save in a container is on the workstation one way later. They are a help and nothing more: what did not come, or is
 * not what was told, is asked for as ever.
 */
import type { Edit } from '../reconcile/tree.ts';
import type { Chunk, ContentRequest } from '../sync/endpoint.ts';
import { unpackContents } from './content.ts';

/** The stream of contents that answer no call. Calls are counted from 1. */
export const aheadStream = 0;

/** Bytes that go along with one piece of news: what is more is a flood, and is better asked for. */
const most = 64 << 10;

/** Bytes that are kept until they are needed; conflicts and pauses may leave some for good. */
const mostKept = 1 << 20;

/** What is to go along with news of a tree: the files in it, where all of them together are small. */
export function aheadOf(edits: readonly Edit[]): ContentRequest[] {
  const needs: ContentRequest[] = [];
  let bytes = 0;
  for (const [path, entry] of edits) {
    if (entry?.kind !== 'file') continue;
    const { digest, size } = entry;
    bytes += size;
    if (bytes > most) return [];
    needs.push({ digest, size, path, offset: 0 });
  }
  return needs;
}

/** Those that have come, until somebody needs them. */
export class AheadContents {
  readonly #chunks = new Map<string, Chunk>();
  #bytes = 0;

  /** @throws {ProtocolError} it is no content. */
  take(header: unknown, body: Uint8Array): void {
    for (const chunk of unpackContents(header, body)) {
      const { digest, size, data } = chunk;
      if (data.length !== size || size > most || this.#chunks.has(digest)) continue;
      // The frame's memory is used again.
      this.#chunks.set(digest, { digest, size, offset: 0, data: Uint8Array.from(data) });
      this.#bytes += size;
    }
    for (const digest of this.#chunks.keys()) {
      if (this.#bytes <= mostKept) return;
      this.#give(digest);
    }
  }

  /** What of these is here, and is here no more; and what has to be asked for. */
  give(needs: readonly ContentRequest[]): { readonly here: Chunk[]; readonly rest: ContentRequest[] } {
    const here: Chunk[] = [];
    const rest: ContentRequest[] = [];
    for (const need of needs) {
      const chunk = need.offset === 0 ? this.#give(need.digest) : undefined;
      if (chunk?.size === need.size) here.push(chunk);
      else rest.push(need);
    }
    return { here, rest };
  }

  #give(digest: string): Chunk | undefined {
    const chunk = this.#chunks.get(digest);
    this.#chunks.delete(digest);
    this.#bytes -= chunk?.size ?? 0;
    return chunk;
  }
}
