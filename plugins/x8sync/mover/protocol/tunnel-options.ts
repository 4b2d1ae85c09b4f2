/**
 * A tunnel, for a source that can dial out and not be reached: its pod keeps an ssh to the target's pod, which forwards
 * one port there back to the source's own sshd. What the mover dials, and what passes, is as over any other way.
 */

/** Ports in the target's pod, on its loopback, that lead to the source's sshd. */
export const forwardedPort = 2024;

/** The address that a mover dials where the source keeps a tunnel to it. */
export const tunnelAddress = `127.0.0.1:${forwardedPort}`;

/** Of the target's pod. */
export interface TunnelServerOptions {
  /** Account that sshd runs as, and that the source's ssh logs in to. */
  readonly user: string;
  /** Where sshd listens. */
  readonly port: number;
  /** The one port that may be forwarded. */
  readonly forwardedPort: number;
}

/** Of the source's pod. */
export interface TunnelClientOptions extends Pick<TunnelServerOptions, 'user' | 'forwardedPort'> {
  /** Addresses of the target's sshd known by now, as `host:port` or `[v6]:port`; others are delivered later. */
  readonly addresses: readonly string[];
}

type TunnelOptions = TunnelServerOptions | TunnelClientOptions;

/** The environment variable that these are given by. */
export const tunnelEnv = (tunnel: TunnelOptions | undefined): Record<string, string> =>
  tunnel ? { X8S_TUNNEL: JSON.stringify(tunnel) } : {};

/** Undefined where there is to be no tunnel. @throws SyntaxError where it is no JSON. */
export function readTunnelOptions<Options extends TunnelOptions>(
  text: string | undefined,
): Options | undefined {
  return text ? (JSON.parse(text) as Options) : undefined;
}
