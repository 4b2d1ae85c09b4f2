/** How far the source is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sourceHost } from '../ssh/ssh-config.ts';
import { echoCommand } from '../ssh/sshd-config.ts';
import { pause } from '../system/programs.ts';

/** Of so many turns the shortest counts: a runtime that is busy makes some of them longer. */
const turns = 3;
/** A line on which this does not do is told of by nobody. */
const limitMs = 5000;

/**
 * Milliseconds that a byte takes to the source and back, over a connection that is open; undefined where that can't be
 * measured.
 *
 * @param config ssh's configuration file.
 */
export async function measureRoundTrip(config: string, signal: AbortSignal): Promise<number | undefined> {
  const over = new AbortController();
  const child = spawn('ssh', ['-F', config, sourceHost, echoCommand], { stdio: ['pipe', 'pipe', 'ignore'] });
  // Where it can't be started or ends early, no byte comes back.
  child.on('error', () => over.abort());
  child.on('exit', () => over.abort());
  child.stdin.on('error', () => {});
  const limit = pause(limitMs, AbortSignal.any([signal, over.signal])).catch(() => {});
  try {
    const shortest = shortestTurn(child.stdin, child.stdout, AbortSignal.any([signal, over.signal]));
    return await Promise.race([shortest, limit.then(() => undefined)]);
  } catch {
    return undefined;
  } finally {
    over.abort();
    child.kill();
  }
}

async function shortestTurn(
  to: NodeJS.WritableStream,
  from: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < turns; turn += 1) {
    const began = performance.now();
    to.write('\n');
    await once(from, 'data', { signal });
    // The first one waits for the command to be started.
    if (turn > 0) shortest = Math.min(shortest, performance.now() - began);
  }
  return Math.round(shortest * 10) / 10;
}
