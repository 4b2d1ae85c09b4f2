/** Ends what runs syncs of a cluster on this workstation: its watch, and each `up` of a configuration file. */
import type { Workstation } from '../spec/workstation.ts';
import { type AskOptions, askControl, NotRunning } from './socket.ts';

/** Resolves, once all have let go of their syncs, with whether there were any. */
export async function stopWatches(
  workstation: Workstation,
  server: string,
  options: AskOptions,
): Promise<boolean> {
  const made = workstation.registered().filter((one) => one.server === server);
  const files = new Set<string | undefined>([undefined, ...made.map(({ file }) => file)]);
  const stopped = await Promise.all(
    [...files].map((file) => stopAt(workstation.watchSocket(server, file), options)),
  );
  return stopped.includes(true);
}

/** Resolves with whether anything was running there. */
export async function stopAt(path: string, options: AskOptions): Promise<boolean> {
  try {
    await askControl(path, 'stop', {}, options);
    return true;
  } catch (error) {
    if (error instanceof NotRunning) return false;
    throw error;
  }
}
