/** One session of a node's agent: a process in a container, and the line to the workstation that it serves. */
import { machine } from '../../../src/machine.ts';
import { agentLaunch } from '../agent/loader.ts';
import { SessionRefused } from './authorize.ts';
import type { ContainerIdentity } from './cgroups.ts';
import { enter, waitUntilEntered } from './enter.ts';
import { begun, join, type OpenedLine } from './opened-line.ts';
import { credentialsOf, findMainProcess, type ProcessIdentity, sharesUsers } from './processes.ts';

export interface OpenedSession extends OpenedLine {
  /** User and group that it runs as. */
  readonly who: string;
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
  const main = requireMainProcess(container);
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

/** @throws {SessionRefused} there is none */
export function requireMainProcess(container: ContainerIdentity): ProcessIdentity {
  const main = findMainProcess(container);
  if (main !== undefined) return main;
  throw new SessionRefused('NotFound', 'no process of this node is in a control group of that container');
}
