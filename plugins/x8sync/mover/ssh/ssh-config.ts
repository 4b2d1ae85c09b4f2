/** Everything that ssh has to know of the source. */
import type { Paths } from '../system/paths.ts';
import type { Address } from './addresses.ts';
import { pinnedHost } from './ssh-host.ts';

/** The name by which ssh and rsync know the source. */
export const sourceHost = 'x8s-source';

export interface SshFiles {
  readonly config: string;
  readonly key: string;
  /** Socket of the one connection that all share. */
  readonly control: string;
  readonly log: string;
}

/** @param stream connections beside the first have files of their own. */
export function sshFiles({ work }: Paths, stream = 0): SshFiles {
  const suffix = stream === 0 ? '' : `-${stream}`;
  return {
    config: `${work}/ssh_config${suffix}`,
    key: `${work}/client_key${suffix}`,
    control: `${work}/master${suffix}`,
    log: `${work}/ssh.log${suffix}`,
  };
}

export function sshConfig(
  address: Address,
  { user, ciphers }: { readonly user: string; readonly ciphers: string },
  paths: Paths,
  stream = 0,
): string {
  const { key, control } = sshFiles(paths, stream);
  const knownHosts = `${paths.keys}/known_hosts`;
  return `${pinnedHost({ alias: sourceHost, address, user, key, knownHosts, ciphers })}ControlPath ${control}
LogLevel ERROR
`;
}

/** What ssh said of keys that do not go together; undefined where that was not the trouble. */
export function keyTrouble(log: string, address: string): string | undefined {
  if (log.includes('Host key verification failed'))
    return `what answers at ${address} does not have the host key of this task's source`;
  if (log.includes('Permission denied'))
    return `the source at ${address} does not accept the key of this task`;
  return undefined;
}
