/**
 * Connections through a SOCKS proxy for undici, made by the agent that client-node builds for node:https.
 * (undici's own Socks5ProxyAgent refuses API servers that are named by an IP address.)
 */
import { EventEmitter } from 'node:events';
import type { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

/** What a SocksProxyAgent does for each request; of the request it wants only to tell it something. */
interface SocksAgent extends Agent {
  connect(request: EventEmitter, target: object): Promise<Socket>;
}

/** @param tls settings of the connection to the API server within the tunnel */
export function socksConnector(agent: Agent, tls: buildConnector.BuildOptions): buildConnector.connector {
  const connectTls = buildConnector(tls);
  return (target, callback) => {
    tunnel(agent as SocksAgent, target).then(
      (socket) => {
        if (target.protocol === 'https:') connectTls({ ...target, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: Error) => callback(error, null),
    );
  };
}

function tunnel(agent: SocksAgent, { hostname, protocol, port }: buildConnector.Options): Promise<Socket> {
  const defaultPort = protocol === 'https:' ? 443 : 80;
  const target = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || defaultPort };
  return agent.connect(new EventEmitter(), { ...target, secureEndpoint: false });
}
