/** A line to an API server of a test's own, which the test cuts and mends. */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { basename, join } from 'node:path';
import type { SoloServer } from './solo-server.ts';

/**
 * What a client sends is on its way for so long: a test that reads on a program's stderr what it does next has cut the line
 * before.
 */
const DELAY_MS = 25;

export class Line {
  /** A kubeconfig of the server by way of this line, with the same file name. */
  readonly kubeconfig: string;
  readonly #open = new Set<Socket>();
  readonly #server;
  #isCut = false;

  private constructor(kubeconfig: string, server: ReturnType<typeof createServer>) {
    this.kubeconfig = kubeconfig;
    this.#server = server;
  }

  /** @param folder one of this line's own, for its kubeconfig */
  static async open(to: SoloServer, folder: string): Promise<Line> {
    const { hostname, port } = new URL(to.url);
    const server = createServer((client) => line.#carry(client, connect(Number(port), hostname)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    mkdirSync(folder);
    const path = join(folder, basename(to.kubeconfig));
    writeFileSync(path, JSON.stringify(throughLine(to, url)), { mode: 0o600 });
    const line: Line = new Line(path, server);
    return line;
  }

  /** What is on its way is lost, and nothing more comes through. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#open) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #carry(client: Socket, server: Socket): void {
    const both = [client, server];
    for (const socket of both) {
      this.#open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#open.delete(socket);
        for (const one of both) one.destroy();
      });
    }
    if (this.#isCut) client.destroy();
    client.on('data', (bytes) => {
      setTimeout(() => {
        if (!server.destroyed) server.write(bytes);
      }, DELAY_MS);
    });
    server.pipe(client);
  }
}

/** Its kubeconfig by another address. Users of several such files have names of their own, so that the files can be merged. */
function throughLine({ kubeconfig, context }: SoloServer, server: string): object {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const [cluster, user, entry] = [config.clusters[0], config.users[0], config.contexts[0]];
  return {
    ...config,
    clusters: [{ ...cluster, cluster: { ...cluster.cluster, server } }],
    users: [{ ...user, name: `${context}-user` }],
    contexts: [{ ...entry, context: { ...entry.context, user: `${context}-user` } }],
  };
}
