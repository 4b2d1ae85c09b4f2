/** Holds back the program of a container that is about to start again, for a workstation that puts its files there first. */
import { spawn } from 'node:child_process';
import { machine } from '../../../src/machine.ts';
import { type ContainerIdentity, groupNames } from './cgroups.ts';
import { gateScript } from './gate-script.ts';
import { begun, join, type OpenedLine } from './opened-line.ts';
import { controlGroupsOf } from './processes.ts';
import { requireMainProcess } from './session.ts';

/** Nothing of the agent's own. */
const environment = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };
/** Seconds for the container to end and to start again. */
const startLimit = 75;

/**
 * Resolves once every container of the pod that begins from now on is held. They go on when the line ends, when they were
 * held for so many seconds, and whenever the process that holds them ends.
 *
 * @param container the one that runs now.
 * @throws {SessionRefused} no process of the container was found, or none can be held
 */
export async function openGate(
  container: ContainerIdentity,
  seconds: number,
  signal: AbortSignal,
): Promise<OpenedLine> {
  const main = requireMainProcess(container);
  const names = groupNames(controlGroupsOf(main), container);
  if (names === undefined) throw new Error('the control groups of the container changed meanwhile');
  const args = ['/proc', `${main.pid}`, names.before, names.after, `${startLimit}`, `${seconds}`];
  const child = spawn('perl', ['-e', gateScript, machine.arch, ...args], { env: environment, stdio: 'pipe' });
  child.stdin.on('error', () => {});
  await begun(child, signal);
  return { join: (line) => join(child, line) };
}
