/** A server of WebSockets that does as a test says, and a client of it: the transport only. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import { statusBody } from './fake-api-server.ts';

export interface FakeStreamOptions {
  /** Subprotocols that the server knows. */
  readonly protocols?: readonly string[];
  /** Bearer tokens in order: the first, and what a refresh gives. */
  readonly tokens?: readonly string[];
  /** Answers an upgrade with a failure instead. */
  readonly refuse?: (request: IncomingMessage) => [code: number, reason: string, message: string] | undefined;
}

export interface FakeStreamServer {
  readonly kube: KubeClient;
  /** Every upgrade so far. */
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

/** Calls `serve` with each socket that was opened. */
export async function fakeStreamServer(
  serve: (socket: WebSocket, request: IncomingMessage) => void,
  { protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'], tokens = ['a'], refuse }: FakeStreamOptions = {},
): Promise<FakeStreamServer> {
  const requests: IncomingMessage[] = [];
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false,
  });
  const server = createServer();
  server.on('upgrade', (request, connection, head) => {
    requests.push(request);
    const refusal = refuse?.(request);
    if (refusal) return answer(connection, ...refusal);
    sockets.handleUpgrade(request, connection, head, (socket) => serve(socket, request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    kube: clientOf(url, tokens),
    requests,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function clientOf(url: string, tokens: readonly string[]): KubeClient {
  let token = tokens[0];
  const transport: Pick<KubeClient['transport'], 'ready' | 'webSocket'> = {
    ready: async () => {},
    async webSocket({ refresh = false } = {}) {
      if (refresh) token = tokens[1];
      return { url, headers: { Authorization: `Bearer ${token}` }, tls: {} };
    },
  };
  const cluster = { context: 'fake', server: url, namespace: 'default', user: 'tester' };
  return { cluster, transport } as KubeClient;
}

function answer(connection: Duplex, code: number, reason: string, message: string): void {
  const body = JSON.stringify(statusBody(code, reason, message));
  const head = `HTTP/1.1 ${code} ${reason}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
  connection.end(head + body);
}
