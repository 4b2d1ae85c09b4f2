/** A line to an API server that can be cut in the middle of what goes over it, and be mended. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CutLine {
  /** Where it listens, as the server does by TLS. */
  readonly url: string;
  /** What clients have sent so far, in pieces as they came: about one for a request. */
  readonly sent: number;
  readonly isCut: boolean;
  /** Passes so many more pieces, and then nothing: all connections break, and new ones do. */
  cutAfter(pieces: number): void;
  mend(): void;
  close(): void;
}

/** A line to the server at this address. */
export async function startLine(url: string): Promise<CutLine> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  let [sent, limit] = [0, Number.POSITIVE_INFINITY];
  const isCut = () => sent >= limit;
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer((client) => {
    if (isCut()) {
      client.destroy();
      return;
    }
    const upstream = connect({ host: hostname, port: Number(port) });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (isCut()) return;
      sent++;
      upstream.write(bytes);
      // The last piece reaches the server, and its answer does not come.
      if (isCut()) cut();
    });
    upstream.on('data', (bytes) => client.write(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sent() {
      return sent;
    },
    get isCut() {
      return isCut();
    },
    cutAfter: (pieces) => {
      limit = sent + pieces;
      if (isCut()) cut();
    },
    mend: () => {
      limit = Number.POSITIVE_INFINITY;
    },
    close: () => {
      server.close();
      cut();
    },
  };
}
