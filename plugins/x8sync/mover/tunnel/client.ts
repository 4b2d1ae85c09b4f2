/** The source's end of a tunnel: an ssh that dials the target and forwards one port there to the source's own sshd. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Runtime } from '../protocol/runtime.ts';
import type { TunnelClientOptions } from '../protocol/tunnel-options.ts';
import { type Address, deliveredAddresses, parseAddress } from '../ssh/addresses.ts';
import { findAddress } from '../ssh/finder.ts';
import { pinnedHost } from '../ssh/ssh-host.ts';
import { ciphers } from '../ssh/sshd.ts';
import { lastLine, pause, run } from '../system/programs.ts';

/** The name by which ssh, and the tunnel's known_hosts, know the target. */
export const targetHost = 'x8s-target';

/** Why nobody answers is told after so long, and then whenever that changes. */
const silentMs = 10_000;
/** Waits between attempts. */
const [shortestMs, longestMs] = [500, 5000];
/** A tunnel that held so long was none that fails at once. */
const heldMs = 10_000;

/**
 * Keeps a tunnel to whichever of the addresses answers, made anew where it broke, until the signal is aborted. Never
 * rejects: what goes wrong is logged, each reason once in a row.
 *
 * @param port of the source's own sshd.
 */
export async function keepTunnel(
  options: TunnelClientOptions,
  port: number,
  runtime: Runtime,
): Promise<void> {
  const { messages, signal } = runtime;
  let told = '';
  const warn = (text: string) => {
    if (text !== told) messages.log('warning', text);
    told = text;
  };
  for (let waitMs = shortestMs; !signal.aborted; ) {
    try {
      const address = await findTarget(options, runtime, warn);
      messages.write('tunnel', { address });
      const began = performance.now();
      warn(`the tunnel to ${address} ended: ${await hold(address, options, port, runtime)}`);
      waitMs = performance.now() - began > heldMs ? shortestMs : Math.min(waitMs * 2, longestMs);
    } catch (error) {
      if (!signal.aborted) warn(`no tunnel: ${(error as Error).message}`);
    }
    await pause(waitMs, signal).catch(() => {});
  }
}

/** The first address at which an ssh server answers, known from the start or delivered meanwhile. */
async function findTarget(
  { addresses }: TunnelClientOptions,
  { paths, signal }: Runtime,
  warn: (text: string) => void,
): Promise<string> {
  const candidates = () => [...addresses, ...deliveredAddresses(paths.addresses)];
  for (;;) {
    const { address, silence } = await findAddress(candidates, silentMs, signal);
    if (address !== undefined) return address;
    if (candidates().length > 0) warn(`the target does not answer: ${silence}`);
  }
}

/** Holds one connection to its end; resolves with what ssh said of that. */
async function hold(
  text: string,
  { user, forwardedPort }: TunnelClientOptions,
  port: number,
  { paths, signal }: Runtime,
): Promise<string> {
  const address = parseAddress(text);
  if (!address) return 'that is no address';
  const at = (name: string) => `${paths.tunnel}/${name}`;
  mkdirSync(paths.tunnel, { recursive: true });
  chmodSync(paths.tunnel, 0o700);
  // ssh insists on a private file of its own user.
  writeFileSync(at('key'), readFileSync(`${paths.keys}/tunnel_key`), { mode: 0o600 });
  const forwarding = `127.0.0.1:${forwardedPort} 127.0.0.1:${port}`;
  const knownHosts = `${paths.keys}/tunnel_known_hosts`;
  writeFileSync(at('ssh_config'), tunnelSshConfig({ address, user, key: at('key'), knownHosts, forwarding }));
  const { code, stderr } = await run('ssh', ['-F', at('ssh_config'), '-N', targetHost], { signal });
  return portTrouble(stderr) ?? (lastLine(stderr) || `ssh ended with exit code ${code}`);
}

/** What ssh said of the port at the target, which has no exit code of its own; undefined where it was no trouble. */
function portTrouble(said: string): string | undefined {
  return said.includes('remote port forwarding failed')
    ? 'the target still holds the port of the tunnel before it, until it has seen that nothing comes through that one'
    : undefined;
}

interface TunnelSsh {
  readonly address: Address;
  readonly user: string;
  readonly key: string;
  readonly knownHosts: string;
  /** As RemoteForward takes it. */
  readonly forwarding: string;
}

/** A tunnel that leads nowhere is none, so ssh ends where the port is not forwarded. */
const tunnelSshConfig = ({ forwarding, ...host }: TunnelSsh): string =>
  `${pinnedHost({ ...host, alias: targetHost, ciphers })}ControlPath none
RemoteForward ${forwarding}
ExitOnForwardFailure yes
ForwardAgent no
ForwardX11 no
PermitLocalCommand no
LogLevel INFO
`;
