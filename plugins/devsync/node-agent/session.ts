/** One session of a node's agent: a process in a container, and the line to the workstation that it serves. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { machine } from '../../../src/machine.ts';
import { agentLaunch } from '../agent/loader.ts';
import { SessionRefused } from './authorize.ts';
import type { ContainerIdentity } from './cgroups.ts';
import { enter, waitUntilEntered } from './enter.ts';
import { credentialsOf, findMainProcess, sharesUsers } from './processes.ts';

/** Characters of what a process says beside the protocol. */
const lastWords = 2000;
/** Milliseconds for a session to finish what it had begun when its line has ended; it takes ten seconds at most. */
const finishLimit = 12_000;

export interface OpenedSession {
  /** User and group that it runs as. */
  readonly who: string;
  /** Connects the line. Resolves when both have ended. */
  join(line: Duplex): Promise<void>;
}

/**
 * Resolves once the session's process is in the container and its code runs there.
 *
 * @throws {SessionRefused} no process of the container was found, or it cannot be entered
 */
export async function openSession(
  container: ContainerIdentity,
  bundle: string,
  signal: AbortSignal,
): Promise<OpenedSession> {
  const main = findMainProcess(container);
  if (main === undefined)
    throw new SessionRefused('NotFound', 'no process of this node is in a control group of that container');
  if (!sharesUsers(main))
    throw new SessionRefused(
      'Failed',
      'the container has a user namespace of its own, which agents do not enter',
    );
  const credentials = credentialsOf(main);
  const launch = agentLaunch(bundle, machine.program, waitUntilEntered);
  const child = enter(main, credentials, launch);
  child.stdin.on('error', () => {});
  child.stdin.write(launch.preamble);
  await begun(child, signal);
  const who = `${credentials.uid}:${credentials.gid}`;
  return { who, join: (line) => join(child, line) };
}

/** Resolves when it has said something, which stays there to be read. */
async function begun(child: ChildProcessWithoutNullStreams, signal: AbortSignal): Promise<void> {
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

async function join(child: ChildProcessWithoutNullStreams, line: Duplex): Promise<void> {
  const ended = once(child, 'close');
  line.pipe(child.stdin);
  child.stdout.pipe(line);
  line.once('close', () => {
    child.stdin.end();
    // Nobody reads any more: what it says must not hold it up.
    child.stdout.unpipe(line).resume();
    setTimeout(() => child.kill('SIGKILL'), finishLimit).unref();
  });
  await ended;
  line.end();
}
