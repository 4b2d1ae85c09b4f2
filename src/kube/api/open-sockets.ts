/**
 * The TCP connections of one client. A laptop that slept, or came to another network, has connections that nobody answers
 * and that tell nothing: they are ended as soon as that is seen, so that whoever uses one begins anew at once.
 */
import type { Socket } from 'node:net';
import { type NetworkNews, watchNetwork } from './network-news.ts';

/** As a server's reset: what is under way is lost, and may be sent again where that is safe. */
class ConnectionLost extends Error {
  readonly code = 'ECONNRESET';
}

export class OpenSockets {
  readonly #sockets = new Set<Socket>();
  readonly #watch: typeof watchNetwork;
  #stopWatching: (() => void) | undefined;

  /** @param watch tells what befalls the network, until the function that it returns is called. */
  constructor(watch = watchNetwork) {
    this.#watch = watch;
  }

  /** Looks after a connection from now on, until it is closed. */
  add(socket: Socket): void {
    this.#sockets.add(socket);
    this.#stopWatching ??= this.#watch((news) => this.#take(news));
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#end();
    });
  }

  /** Ends them all: it is known that nobody answers any more. */
  loseAll(why: string): void {
    for (const socket of this.#sockets) socket.destroy(new ConnectionLost(why));
  }

  #take({ slept, addresses }: NetworkNews): void {
    if (slept) this.loseAll('this computer slept');
    for (const socket of this.#sockets) {
      const [address] = socket.localAddress?.split('%') ?? [];
      if (address !== undefined && !addresses.has(address))
        socket.destroy(new ConnectionLost(`${address} is no address of this computer any more`));
    }
  }

  #end(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }
}
