/** Which large files go to the container while they are still read here for their digest. */
import type { MaybeEntry } from '../../reconcile/entry.ts';
import { isTwoWay } from '../../reconcile/reconcile.ts';
import { lookup } from '../../reconcile/tree.ts';
import type { EarlyContent, Endpoint, KeepingEndpoint } from '../../sync/endpoint.ts';
import type { Agreement } from '../ancestor/agreement.ts';
import type { Side } from '../status/state.ts';

export interface EarlyTransferOptions {
  readonly local: KeepingEndpoint;
  readonly container: Endpoint;
  /** The side that a one-way sync comes from. */
  readonly from: Side;
  /** What both sides agreed on, and the mode that holds now. */
  readonly agreement: Pick<Agreement, 'tree' | 'mode'>;
  /** Nothing else stands against it: it is not paused, and no other large file is on its way. */
  readonly mayGo: (path: string) => boolean;
}

/**
 * From now on, another version of a large file that both sides agreed on goes ahead. It only waits in the container:
 * whether it gets to its place is decided as for every other change.
 */
export function sendEarly(options: EarlyTransferOptions): void {
  const { local, container } = options;
  local.onEarly = (early) => {
    if (container.takesEarly !== true || !isExpected(early, options)) return false;
    // What did not arrive is missing then, and sent as usual; a stream that breaks ends more than this.
    container.receiveEarly?.(early).catch(() => {});
    return true;
  };
}

function isExpected({ path, old }: EarlyContent, options: EarlyTransferOptions): boolean {
  const { container, agreement, from, mayGo } = options;
  const isOld = (tree: MaybeEntry) => {
    const entry = lookup(tree, path);
    return entry?.kind === 'file' && entry.digest === old;
  };
  const comesFromHere = from === 'local' || isTwoWay(agreement.mode);
  return comesFromHere && isOld(container.tree) && isOld(agreement.tree) && mayGo(path);
}
