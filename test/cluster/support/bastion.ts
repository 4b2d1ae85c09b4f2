/** A machine before a cluster that takes connections and passes them on, as a bastion or a port of a NAT does. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Where pods of the lab's clusters find the machine that they run on. */
const labWorkstation = '10.89.0.1';

export interface Bastion extends Disposable {
  /** `HOST:PORT` on which it listens. */
  readonly address: string;
  /** Connections that it has passed on. */
  readonly passed: number;
}

/** Starts one on this machine that passes all connections on to this address. */
export async function startBastion(host: string, port: number): Promise<Bastion> {
  const open = new Set<Socket>();
  let passed = 0;
  const server = createServer((client) => {
    const onward = connect({ host, port });
    onward.once('connect', () => {
      passed += 1;
    });
    for (const socket of [client, onward]) {
      open.add(socket);
      // The other end of a connection that breaks here breaks as well.
      socket
        .on('error', () => undefined)
        .once('close', () => {
          open.delete(socket);
          client.destroy();
          onward.destroy();
        });
    }
    client.pipe(onward);
    onward.pipe(client);
  });
  server.listen(0, labWorkstation);
  await once(server, 'listening');
  return {
    address: `${labWorkstation}:${(server.address() as AddressInfo).port}`,
    get passed() {
      return passed;
    },
    [Symbol.dispose]() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
