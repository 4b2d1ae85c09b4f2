/** One `up`, `down` or restart at a time on a machine. */
import { connect, createServer, type Server } from 'node:net';
import { say } from './report.ts';

// An abstract socket belongs to its process: it goes with it, however it ends, so no lock is ever stale.
const address = '\0x8s-lab-lock';

/** Does some work while no other process of this machine does any under the lock. */
export async function locked<T>(work: () => Promise<T>): Promise<T> {
  const server = await take();
  try {
    return await work();
  } finally {
    server.close();
  }
}

async function take(): Promise<Server> {
  for (let told = false; ; told = true) {
    const server = await listen();
    if (server) return server;
    if (!told) say('waiting for another run of the lab …');
    await untilReleased();
  }
}

function listen(): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** The holder accepts and says nothing; its end closes the connection. */
function untilReleased(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.on('error', () => setTimeout(resolve, 50));
    socket.on('close', () => setTimeout(resolve, 50));
    socket.resume();
  });
}
