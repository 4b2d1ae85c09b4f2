/** A lock by which one `up`, `down` or restart runs at a time on a machine. */
import { connect, createServer, type Socket } from 'node:net';
import { say } from './report.ts';

// The kernel closes an abstract socket when its process ends, however it ends, so no lock is ever stale.
const address = '\0x8s-lab-lock';

interface Lock {
  release(): void;
}

/** Does some work while no other process of this machine does any under the lock. */
export async function locked<T>(work: () => Promise<T>): Promise<T> {
  const lock = await take();
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function take(): Promise<Lock> {
  for (let told = false; ; told = true) {
    const lock = await listen();
    if (lock) return lock;
    if (!told) say('waiting for another run of the lab …');
    await untilReleased();
  }
}

function listen(): Promise<Lock | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<Socket>();
    const server = createServer((socket) => {
      waiting.add(socket.on('error', () => {}));
    });
    server.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => {
      server.unref();
      resolve({
        release: () => {
          server.close();
          // Processes that wait see their connection end, also where this process lives on.
          for (const socket of waiting) socket.destroy();
        },
      });
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
