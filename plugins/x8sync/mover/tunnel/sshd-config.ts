/** The target's sshd: its one key can have one port forwarded, on the pod's loopback, and can do nothing else. */

import type { TunnelServerOptions } from '../protocol/tunnel-options.ts';
import { keysOnly, restrictedKeys } from '../ssh/sshd.ts';

/** Nothing is run for this key; the command only keeps sshd from running another one. */
const noCommand = '/bin/false';

const listenAddress = (port: number) => `127.0.0.1:${port}`;

/** Lines of authorized_keys; empty where the text holds no ed25519 key. */
export function tunnelKeys(text: string, { forwardedPort }: TunnelServerOptions): string {
  const listen = `permitlisten="${listenAddress(forwardedPort)}"`;
  return restrictedKeys(text, `restrict,port-forwarding,${listen},command="${noCommand}"`);
}

/** What the key's own line says is said once more for all of sshd, and that it starts no session at all. */
export function tunnelSshdConfig(
  { user, port, forwardedPort }: TunnelServerOptions,
  files: { readonly hostKey: string; readonly authorizedKeys: string },
): string {
  return `${keysOnly({ ...files, port, login: user })}ForceCommand ${noCommand}
MaxSessions 0
AllowTcpForwarding remote
PermitListen ${listenAddress(forwardedPort)}
PermitOpen none
GatewayPorts no
AllowStreamLocalForwarding no
AllowAgentForwarding no
X11Forwarding no
`;
}
