/** Reads contents from a directory tree: for the other side, or for staging where a content has another name here. */
import { type MaybeEntry, walk } from '../../reconcile/entry.ts';
import { splitPath } from '../../reconcile/tree.ts';
import type { Chunk, ContentRef, ContentRequest } from '../endpoint.ts';
import { Descent } from '../files/folder.ts';
import { chunkSize, readParts, SmallReader } from '../scan/digest.ts';
import { differencesInPlace, differencesOf } from './delta-files.ts';
import type { Staging } from './staging.ts';

/** The contents that are asked for; those that have gone or changed meanwhile are left out. */
export async function* readContents(
  root: string,
  requests: readonly ContentRequest[],
  signal?: AbortSignal,
): AsyncGenerator<Chunk> {
  using descent = new Descent(root);
  const small = new SmallReader();
  for (const request of requests) {
    const { digest, size, offset, path } = request;
    const [parent, name] = splitPath(path);
    try {
      const file = descent.to(parent).at(name);
      const { basis } = request;
      if (basis && 'signature' in basis) yield* differencesOf(file, request, basis, signal);
      else if (basis) yield* differencesInPlace(file, request, basis, signal);
      else if (size >= chunkSize || offset > 0) yield* chunksOf(file, request, signal);
      else {
        const data = small.read(file, size);
        if (data !== undefined) yield { digest, size, offset: 0, data, slab: small.slab };
      }
    } catch {
      // Gone or unreadable by now; the next scan shows it.
      signal?.throwIfAborted();
    }
  }
}

/** A large file in parts; what has grown since is left out, and shows by its digest. */
async function* chunksOf(
  file: string,
  { digest, size, offset: start }: ContentRequest,
  signal?: AbortSignal,
): AsyncGenerator<Chunk> {
  let offset = start;
  for await (const data of readParts(file, { from: offset, signal })) {
    if (offset + data.length > size) return;
    yield { digest, size, offset, data };
    offset += data.length;
  }
}

/**
 * Stages contents that the tree has under other names, so that a rename costs no transfer.
 *
 * @param wanted by digest; those that were found are removed from it.
 */
export async function stageFromTree(
  root: string,
  tree: MaybeEntry,
  staging: Staging,
  wanted: Map<string, ContentRef>,
): Promise<void> {
  using descent = new Descent(root);
  for (const [path, entry] of walk(tree)) {
    if (entry.kind !== 'file' || !wanted.has(entry.digest)) continue;
    const [parent, name] = splitPath(path);
    try {
      const file = descent.to(parent).at(name);
      if (await staging.adopt(entry, file)) wanted.delete(entry.digest);
    } catch {
      // It has gone; then it will be sent.
    }
  }
}
