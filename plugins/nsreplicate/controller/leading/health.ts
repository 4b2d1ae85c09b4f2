/** What a kubelet asks a controller: whether it lives, and whether it may be counted on. */
import { createServer, type Server } from 'node:http';
import { messageOf, UsageError } from '../../../../src/errors.ts';

export interface Health {
  close(): Promise<void>;
}

/**
 * Answers `/healthz` always, and `/readyz` once it is ready; to everything else 404. Says nothing of what it does.
 * @throws {UsageError} nothing can be listened to there
 */
export async function serveHealth(
  { host, port }: { readonly host: string | undefined; readonly port: number },
  isReady: () => boolean,
): Promise<Health> {
  const server = createServer(
    { requestTimeout: 5000, headersTimeout: 5000, maxHeaderSize: 4096 },
    (request, response) => {
      const code = { '/healthz': 200, '/readyz': isReady() ? 200 : 503 }[request.url ?? ''] ?? 404;
      response
        .writeHead(code, { 'content-type': 'text/plain', connection: 'close' })
        .end(code === 200 ? 'ok\n' : 'no\n');
    },
  );
  await listen(server, host, port);
  server.unref();
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function listen(server: Server, host: string | undefined, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new UsageError(`--health: can't listen on ${host ?? ''}:${port}: ${messageOf(error)}`)),
    );
    server.listen({ port, ...(host !== undefined && { host }) }, resolve);
  });
}
