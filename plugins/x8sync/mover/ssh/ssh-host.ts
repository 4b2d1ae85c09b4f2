/** How ssh knows the other side: by its host's key alone, whatever its address. */
import type { Address } from './addresses.ts';

export interface SshHost {
  /** The name by which ssh, and the line of known_hosts, know it. */
  readonly alias: string;
  readonly address: Address;
  readonly user: string;
  /** Files. */
  readonly key: string;
  readonly knownHosts: string;
  readonly ciphers: string;
}

/** The part of ssh's configuration that says whom it connects to, and as whom. */
export function pinnedHost({ alias, address, user, key, knownHosts, ciphers }: SshHost): string {
  return `Host ${alias}
HostName ${address.host}
Port ${address.port}
User ${user}
IdentityFile ${key}
IdentitiesOnly yes
IdentityAgent none
HostKeyAlias ${alias}
HostKeyAlgorithms ssh-ed25519
UserKnownHostsFile ${knownHosts}
GlobalKnownHostsFile /dev/null
StrictHostKeyChecking yes
UpdateHostKeys no
BatchMode yes
PreferredAuthentications publickey
Ciphers ${ciphers}
Compression no
ConnectTimeout 10
ServerAliveInterval 10
ServerAliveCountMax 3
`;
}
