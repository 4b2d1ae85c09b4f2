/** The trash of a sync: of both sides where it runs here, of this workstation's alone where it does not. */

import type { Side } from '../session/status/state.ts';
import type { Sync } from '../spec/spec-store.ts';
import type { Workstation } from '../spec/workstation.ts';
import type { TrashItem } from '../sync/endpoint.ts';
import { LocalEndpoint } from '../sync/local/local-endpoint.ts';
import { askControl, NotRunning } from './socket.ts';

export interface SidedItem extends TrashItem {
  readonly side: Side;
}

export interface TrashAccess {
  /** Only this side's trash can be seen. */
  readonly isPartial: boolean;
  /** Everything in it, oldest first. */
  list(): Promise<SidedItem[]>;
  /** Brings a file back; what is there now goes into the trash under `name`, as time sorts. */
  restore(item: SidedItem, name: string): Promise<void>;
}

/** What a person means by a path in the trash. */
export interface Selection {
  readonly items: readonly SidedItem[];
  /** Files that were left out, since they are there. */
  readonly present: number;
}

/**
 * The newest version of a file; of a directory, the newest version of each file in it that is not there any more. Of an
 * operation that is named, all that it took from there.
 *
 * @param items oldest first.
 * @param isThere whether something is at a path now.
 */
export function selectTrash(
  items: readonly SidedItem[],
  path: string,
  operation: string | undefined,
  isThere: (path: string) => boolean,
): Selection {
  const chosen = items.filter((item) => (operation ?? item.operation) === item.operation);
  const version = chosen.findLast((item) => item.path === path);
  if (version !== undefined) return { items: [version], present: 0 };
  const below = path === '' ? '' : `${path}/`;
  const newest = new Map(
    chosen.filter((item) => item.path.startsWith(below)).map((item) => [item.path, item]),
  );
  const all = [...newest.values()];
  const missing = operation === undefined ? all.filter((item) => !isThere(item.path)) : all;
  return { items: missing, present: all.length - missing.length };
}

type Lists = Record<Side, { readonly items: readonly TrashItem[] }>;

/** Asks the running sync, or looks by itself. Rejects where the sync is another workstation's. */
export async function openTrash(
  sync: Sync,
  workstation: Workstation,
  { isHere, signal }: { readonly isHere: boolean; readonly signal: AbortSignal },
): Promise<TrashAccess> {
  const socket = workstation.socketOf(sync.uid);
  try {
    const { local, container } = (await askControl(socket, 'trash', {}, { signal })) as Lists;
    return {
      isPartial: false,
      list: async () => byTime([...placed(local.items, 'local'), ...placed(container.items, 'container')]),
      restore: async ({ operation, path, side }, name) => {
        await askControl(socket, 'restore', { operation, path, from: side, name }, { signal });
      },
    };
  } catch (error) {
    if (!(error instanceof NotRunning) || !isHere) throw error;
    return localTrash(sync, workstation);
  }
}

function localTrash({ spec }: Sync, workstation: Workstation): TrashAccess {
  const withEndpoint = async <T>(run: (endpoint: LocalEndpoint) => Promise<T>): Promise<T> => {
    const { local, scan, write, trashLimits } = spec;
    const ignores = { lists: [], vcs: false };
    const endpoint = new LocalEndpoint({
      root: local.path,
      scan,
      write,
      ignores,
      trashLimit: trashLimits.local,
      metadataCandidates: workstation.metadataCandidatesFor(local.path),
    });
    try {
      return await run(endpoint);
    } finally {
      await endpoint.close();
    }
  };
  return {
    isPartial: true,
    list: () => withEndpoint(async (endpoint) => byTime(placed((await endpoint.trash()).items, 'local'))),
    restore: (item, name) => withEndpoint((endpoint) => endpoint.restore(item, `${name}-restore`)),
  };
}

const placed = (items: readonly TrashItem[], side: Side): SidedItem[] =>
  items.map((item) => ({ ...item, side }));

const byTime = (items: SidedItem[]) =>
  items.sort((one, other) => one.operation.localeCompare(other.operation));
