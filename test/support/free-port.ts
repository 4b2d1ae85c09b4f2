/** Ports for servers that are told theirs before they start. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * One that nobody listens on, and not of those that the system gives to outgoing connections: one of them would take it
 * while its server is away, or not there yet.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + randomInt(9000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().on('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
