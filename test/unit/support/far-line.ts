/** A line to a place far away: a relay on the loopback that passes everything on a while later. */
import { connect, createServer, type Socket } from 'node:net';

export interface FarLine extends Disposable {
  readonly port: number;
  /** Resets what goes over it now; who dials it anew gets through. */
  reset(): void;
}

/**
 * Leads to a port of this machine.
 *
 * @param roundTripMs what a byte takes there and back.
 * @param bytesPerMs what each connection takes in each direction; all that comes where absent.
 */
export function farLine(toPort: number, roundTripMs: number, bytesPerMs?: number): Promise<FarLine> {
  const open = new Set<Socket>();
  const pass = (from: Socket, to: Socket) => {
    // Chunks wait beside each other and not one after the other: a delay costs no rate.
    const later = (work: () => void) => setTimeout(work, roundTripMs / 2);
    from.on('data', (chunk: Buffer) => {
      later(() => to.write(chunk));
      if (bytesPerMs === undefined) return;
      from.pause();
      setTimeout(() => from.resume(), chunk.length / bytesPerMs);
    });
    from.on('end', () => later(() => to.end()));
    from.on('error', () => to.destroy());
  };
  const server = createServer((client) => {
    const onward = connect(toPort, '127.0.0.1');
    for (const socket of [client, onward]) {
      open.add(socket.setNoDelay());
      socket.once('close', () => open.delete(socket));
    }
    pass(client, onward);
    pass(onward, client);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      const reset = () => {
        for (const socket of open) socket.resetAndDestroy();
      };
      const close = () => {
        server.close();
        for (const socket of open) socket.destroy();
      };
      resolve({ port, reset, [Symbol.dispose]: close });
    });
  });
}
