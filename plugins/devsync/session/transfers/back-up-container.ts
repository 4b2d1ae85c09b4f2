/** Copies what only the container has to this workstation's trash before it is overwritten or deleted there. */
import { areAlike, type MaybeEntry, walk } from '../../reconcile/entry.ts';
import type { OperationResult } from '../../reconcile/operations.ts';
import type { Change } from '../../reconcile/reconcile.ts';
import { lookup } from '../../reconcile/tree.ts';
import type { ContentRef, Endpoint, KeepingEndpoint } from '../../sync/endpoint.ts';

export interface BackUpOptions {
  readonly local: KeepingEndpoint;
  readonly container: Endpoint;
  /** What both sides agreed on. */
  readonly ancestor: MaybeEntry;
  /** Names what goes into the trash. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/** Resolves with the changes of the container that may be carried out, and with why the others may not. */
export async function backUpContainer(
  changes: readonly Change[],
  { local, container, ancestor, name, signal }: BackUpOptions,
): Promise<{ changes: readonly Change[]; refused: OperationResult[] }> {
  const foreign = changes.map((change) => foreignIn(change, ancestor));
  // What an attempt that failed has saved is there already.
  const all = local.unfiled(foreign.flat());
  if (all.length === 0) return { changes, refused: [] };
  await local.receive(container.read(await local.missing(all), signal));
  const unsaved = new Map((await local.discard(all, name)).map((result) => [result.path, result]));
  // What is being written to is for the next attempt, and keeps nothing else.
  const isSaved = (_: unknown, index: number) => !foreign[index]?.some(({ path }) => unsaved.has(path));
  return { changes: changes.filter(isSaved), refused: [...unsaved.values()] };
}

/** Contents that a change would take from the container, and that were never agreed on. */
function foreignIn({ path, old, new: becomes }: Change, ancestor: MaybeEntry): ContentRef[] {
  const foreign: ContentRef[] = [];
  for (const [at, entry] of walk(old, path)) {
    if (entry.kind !== 'file') continue;
    const agreed = lookup(ancestor, at);
    const isAgreed = agreed?.kind === 'file' && agreed.digest === entry.digest;
    const isOurs = isAgreed || areAlike(agreed, entry) || (at === path && areAlike(becomes, entry));
    const stays = at === path && becomes?.kind === 'file' && becomes.digest === entry.digest;
    if (!isOurs && !stays) foreign.push({ digest: entry.digest, size: entry.size, path: at });
  }
  return foreign;
}
