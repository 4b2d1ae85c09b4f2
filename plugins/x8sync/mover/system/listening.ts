/** Whether a program of this pod listens on its port by now. */
import { existsSync, readFileSync } from 'node:fs';
import { pause } from './programs.ts';

const listenMs = 5000;

/** Resolves with whether a socket listens on the port, within some seconds. */
export async function listens(port: number): Promise<boolean> {
  const limit = performance.now() + listenMs;
  while (listeningSocket(port) === undefined) {
    if (performance.now() > limit) return false;
    await pause(10);
  }
  return true;
}

/**
 * The socket that listens on the port, by the kernel's number for it (its inode), which no other socket has meanwhile;
 * undefined where there is none. Nobody is connected to for that. As proc(5) has it in `net/tcp`: 0A is a listening
 * one's state.
 */
export function listeningSocket(port: number): string | undefined {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['/proc/net/tcp', '/proc/net/tcp6']
    .filter(existsSync)
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .map((row) => row.trim().split(/\s+/));
  return rows.find(([, local = '', , state]) => state === '0A' && local.endsWith(wanted))?.[9];
}
