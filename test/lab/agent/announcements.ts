/** A socket on which the nodes' CNI plugin announces each pod that is about to start, and waits for leave. */
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { agentSocket } from '../config.ts';
import type { Announcement } from './policies.ts';

/** Serves announcements; each is answered with a line once `handle` is done with it. */
export function serveAnnouncements(handle: (announcement: Announcement) => Promise<void>): void {
  rmSync(agentSocket, { force: true }); // Of an agent that was killed.
  const serve = async (socket: Socket): Promise<void> => {
    for await (const line of createInterface({ input: socket })) {
      await handle(JSON.parse(line) as Announcement);
      socket.write('ok\n');
    }
  };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    void serve(socket).catch(() => socket.destroy());
  });
  server.listen(agentSocket);
}
