/** What this process asks of a server, and by how many connections, as undici tells of both. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

export interface Asked {
  /** How often a watch was begun, by its path. */
  readonly watches: ReadonlyMap<string, number>;
  /** How many connections were made. */
  readonly connections: number;
  close(): void;
}

interface Created {
  readonly request: { readonly origin: string | URL; readonly path: string };
}
interface Connected {
  readonly connectParams: { readonly protocol: string; readonly host: string };
}

const [created, connected] = ['undici:request:create', 'undici:client:connected'];

/** From now on, until it is closed. */
export function askedOf(server: string): Asked {
  const { origin, host } = new URL(server);
  const watches = new Map<string, number>();
  let connections = 0;
  const onCreated = (message: unknown) => {
    const { request } = message as Created;
    const [path = '', query = ''] = request.path.split('?');
    if (new URL(request.origin).origin !== origin || !new URLSearchParams(query).has('watch')) return;
    watches.set(path, (watches.get(path) ?? 0) + 1);
  };
  const onConnected = (message: unknown) => {
    if ((message as Connected).connectParams.host === host) connections++;
  };
  subscribe(created, onCreated);
  subscribe(connected, onConnected);
  return {
    watches,
    get connections() {
      return connections;
    },
    close: () => {
      unsubscribe(created, onCreated);
      unsubscribe(connected, onConnected);
    },
  };
}
