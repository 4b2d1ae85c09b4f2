/** Whether a program of this pod listens on its port by now. */
import { existsSync, readFileSync } from 'node:fs';
import { pause } from './programs.ts';

const listenMs = 5000;

/** Resolves with whether a socket listens on the port, within some seconds. */
export async function listens(port: number): Promise<boolean> {
  const limit = performance.now() + listenMs;
  while (!isListening(port)) {
    if (performance.now() > limit) return false;
    await pause(10);
  }
  return true;
}

/** Looks for the port among the kernel's sockets: 0A is a listening one's state. */
function isListening(port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6'].filter(existsSync).some((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .some((row) => {
        const [, local = '', , state] = row.trim().split(/\s+/);
        return state === '0A' && local.endsWith(wanted);
      }),
  );
}
