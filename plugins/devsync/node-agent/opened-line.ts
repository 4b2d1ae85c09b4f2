/** A process of the agent that serves one line from a workstation. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { SessionRefused } from './authorize.ts';

/** Characters of what a process says beside the protocol. */
const lastWords = 2000;
/** Milliseconds for a session to finish what it had begun when its line has ended; it takes ten seconds at most. */
const finishLimit = 12_000;

export interface OpenedLine {
  /** Connects the line. Resolves when both have ended. */
  join(line: Duplex): Promise<void>;
}

/** Resolves when it has said something, which stays there to be read. */
export async function begun(child: ChildProcessWithoutNullStreams, signal: AbortSignal): Promise<void> {
  let words = '';
  child.stderr.on('data', (data: Buffer) => {
    words = (words + data.toString()).slice(-lastWords);
  });
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  try {
    const spoke = once(child.stdout, 'readable', { signal: stop });
    const closed = once(child, 'close', { signal: stop }).then(() => {
      throw new SessionRefused('Failed', words.trim() || 'the process of the session ended at once');
    });
    closed.catch(() => {});
    await Promise.race([spoke, closed]);
    // It ends as well as it speaks.
    if (child.stdout.readableLength === 0) await closed;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    over.abort();
  }
}

/** Connects a line with a process. Resolves when both have ended. */
export async function join(child: ChildProcessWithoutNullStreams, line: Duplex): Promise<void> {
  const ended = once(child, 'close');
  line.pipe(child.stdin);
  child.stdout.pipe(line);
  const finish = () => {
    child.stdin.end();
    // Nobody reads any more: what it says must not hold it up.
    child.stdout.unpipe(line).resume();
    setTimeout(() => child.kill('SIGKILL'), finishLimit).unref();
  };
  // Who asked may have gone while the process was made, which nobody says a second time.
  if (line.destroyed) finish();
  else line.once('close', finish);
  await ended;
  line.end();
}
