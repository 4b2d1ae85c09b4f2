/** What the sshds of both sides have in common: one account that takes one key and nothing else, and starts nothing else. */

export interface SshdOptions {
  readonly port: number;
  /** Nobody but processes of the pod itself can connect. */
  readonly onLoopback?: boolean;
  /** The one account that is let in. */
  readonly login: string;
  readonly hostKey: string;
  readonly authorizedKeys: string;
}

/** OpenSSH's names; those that have hardware support come first. */
export const ciphers = 'aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com';

/** The part of sshd's configuration that says who is let in. StrictModes looks at the parents too, and an emptyDir is 0777. */
export function keysOnly({ port, onLoopback = false, login, hostKey, authorizedKeys }: SshdOptions): string {
  return `Port ${port}
${onLoopback ? 'ListenAddress 127.0.0.1\n' : ''}HostKey ${hostKey}
AuthorizedKeysFile ${authorizedKeys}
PidFile none
StrictModes no
UsePAM no
AllowUsers ${login}
PermitRootLogin forced-commands-only
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
PermitTTY no
PermitUserRC no
PermitUserEnvironment no
PermitTunnel no
Ciphers ${ciphers}
HostKeyAlgorithms ssh-ed25519
PubkeyAcceptedAlgorithms ssh-ed25519
Compression no
UseDNS no
PrintMotd no
LoginGraceTime 20
MaxAuthTries 3
MaxStartups 64:30:128
ClientAliveInterval 10
ClientAliveCountMax 3
LogLevel INFO
`;
}

/** Every ed25519 key of a text of authorized_keys, with these options before it; empty where there is none. */
export function restrictedKeys(text: string, options: string): string {
  const keys = text.split('\n').filter((line) => /^ssh-ed25519 [A-Za-z0-9+/=]+( .*)?$/.test(line));
  return keys.map((key) => `${options} ${key}\n`).join('');
}
