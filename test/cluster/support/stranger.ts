/** An HTTPS server at an address that a KRMSyncer's kubeconfig may lead to, and that is no API server. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { ownAddress } from './own-address.ts';
import { selfSigned } from './webhook.ts';

export interface Stranger {
  /** Leads to it. */
  readonly kubeconfig: string;
  /** Paths that it was asked for. */
  readonly asked: readonly string[];
  /** From now on it says a version, as an API server does, and its page for everything else. */
  pretend(): void;
  close(): void;
}

/** Answers everything with a page. */
export async function serveStranger(page: string): Promise<Stranger> {
  const address = ownAddress();
  const { key, cert } = selfSigned(address);
  const asked: string[] = [];
  let isPretending = false;
  const server = createServer({ key, cert }, ({ url = '' }, outgoing) => {
    asked.push(url);
    const isVersion = isPretending && url === '/version';
    outgoing.writeHead(200, { 'content-type': isVersion ? 'application/json' : 'text/html' });
    outgoing.end(isVersion ? '{"gitVersion":"v1.34.0"}' : `<html>${page}</html>`);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  const cluster = {
    server: `https://${address}:${port}`,
    'certificate-authority-data': cert.toString('base64'),
  };
  return {
    kubeconfig: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'stranger',
      clusters: [{ name: 'stranger', cluster }],
      users: [{ name: 'stranger', user: { token: 'none' } }],
      contexts: [{ name: 'stranger', context: { cluster: 'stranger', user: 'stranger' } }],
    }),
    asked,
    pretend: () => {
      isPretending = true;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
