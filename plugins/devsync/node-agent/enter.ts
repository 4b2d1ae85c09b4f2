/** A session's process, in the container and with no more rights than the container's own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { machine } from '../../../src/machine.ts';
import type { AgentLaunch } from '../agent/loader.ts';
import { enterScript } from './enter-script.ts';
import type { Credentials, ProcessIdentity } from './processes.ts';

/**
 * Capabilities that work on files: CHOWN, DAC_OVERRIDE, FOWNER and FSETID (linux/capability.h). A session has those of
 * them that the container's main process has, and no others.
 */
const onFiles = 0b11011n;

/**
 * What comes before the agent's loader: says that all of Node.js is there, and waits until the root is the container's.
 * Until then nothing is read from the line.
 */
export const waitUntilEntered = `{const p=process,e=p.env,f=+e.X8S_ENTER_FD,s=require("fs");delete e.X8S_ENTER_FD;
s.writeSync(f,"1");if(s.readSync(f,Buffer.alloc(1))!==1)p.exit(70);s.closeSync(f)}
`;

/** Nothing of the agent's own environment; memory that is large goes back to the system right away. */
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/',
  LC_ALL: 'C',
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '65536',
};

/**
 * Starts a session for a container's main process. Its streams are the session's; that it could not get there is told by
 * its end, with the reason on its standard error.
 */
export function enter(
  target: ProcessIdentity,
  credentials: Credentials,
  { command }: AgentLaunch,
): ChildProcessWithoutNullStreams {
  const { uid, gid, groups, capabilities } = credentials;
  const kept = uid === 0 ? capabilities & onFiles : 0n;
  const who = [uid, gid, groups.join(','), kept].map(String);
  const args = ['-e', enterScript, machine.arch, String(target.pid), target.start, ...who, ...command];
  return spawn('perl', args, { env: environment, stdio: 'pipe' });
}
