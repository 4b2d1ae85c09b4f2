/**
 * Joins connections of the mover's own ssh with streams that the plugin brings by port-forward: for clusters of which
 * neither can dial the other. Whichever comes first waits. What passes is SSH between these two.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { relayOpened, relayPorts } from '../protocol/relay.ts';

const loopback = '127.0.0.1';
/** Probes give up soon and come again; so many may wait. */
const mostWaiting = 32;

export interface HubPorts {
  /** Where the mover's ssh connects. */
  readonly mover: number;
  /** Where the plugin's streams arrive. */
  readonly plugin: number;
}

export class RelayHub {
  /** All that are open. */
  readonly #sockets = new Set<Socket>();
  readonly #callers = new Set<Socket>();
  readonly #streams = new Set<Socket>();
  readonly #servers: readonly Server[];

  private constructor() {
    this.#servers = [this.#server(this.#callers), this.#server(this.#streams)];
  }

  /**
   * @param ports 0 for any that is free.
   * @throws Error where one can't be listened on.
   */
  static async listen(ports: HubPorts = relayPorts): Promise<RelayHub & { readonly ports: HubPorts }> {
    const hub = new RelayHub();
    const [mover, plugin] = await Promise.all(
      [ports.mover, ports.plugin].map((port, index) => listenOn(hub.#servers[index] as Server, port)),
    );
    return Object.assign(hub, { ports: { mover: mover ?? 0, plugin: plugin ?? 0 } });
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #server(waiting: Set<Socket>): Server {
    return createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        waiting.delete(socket);
      });
      if (waiting.size >= mostWaiting) {
        socket.destroy();
        return;
      }
      waiting.add(socket);
      socket.on('readable', lookForEnd);
      this.#match();
    });
  }

  #match(): void {
    const [caller] = this.#callers;
    const [stream] = this.#streams;
    if (!caller || !stream) return;
    this.#callers.delete(caller);
    this.#streams.delete(stream);
    for (const socket of [caller, stream]) socket.off('readable', lookForEnd);
    stream.write(Buffer.of(relayOpened));
    caller.pipe(stream).pipe(caller);
    caller.once('close', () => stream.destroy());
    stream.once('close', () => caller.destroy());
  }
}

/** One that waits is read from, so that its end shows; what it has sent by then stays in it. */
function lookForEnd(this: Socket): void {
  if (this.readableLength === 0) this.read();
}

function listenOn(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, loopback, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}
