/** The trash of a sync: of both sides where it runs here, of this workstation's alone where it does not. */

import type { Place } from '../session/state.ts';
import type { Sync } from '../spec/catalog.ts';
import type { Workstation } from '../spec/workstation.ts';
import type { TrashItem } from '../sync/items.ts';
import { LocalEndpoint } from '../sync/local-endpoint.ts';
import { askControl, NotRunning } from './socket.ts';

export interface PlacedItem extends TrashItem {
  readonly side: Place;
}

export interface TrashAccess {
  /** Only this side's trash can be seen. */
  readonly isPartial: boolean;
  /** Everything in it, oldest first. */
  list(): Promise<PlacedItem[]>;
  /** Brings a file back; what is there now goes into the trash under `name`, as time sorts. */
  restore(item: PlacedItem, name: string): Promise<void>;
}

type Lists = Record<Place, { readonly items: readonly TrashItem[] }>;

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
    return localTrash(sync);
  }
}

function localTrash({ spec }: Sync): TrashAccess {
  const withEndpoint = async <T>(run: (endpoint: LocalEndpoint) => Promise<T>): Promise<T> => {
    const { local, scan, trashLimits } = spec;
    const ignores = { lists: [], vcs: false };
    const endpoint = new LocalEndpoint({ root: local.path, scan, ignores, trashLimit: trashLimits.local });
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

const placed = (items: readonly TrashItem[], side: Place): PlacedItem[] =>
  items.map((item) => ({ ...item, side }));

const byTime = (items: PlacedItem[]) =>
  items.sort((one, other) => one.operation.localeCompare(other.operation));
