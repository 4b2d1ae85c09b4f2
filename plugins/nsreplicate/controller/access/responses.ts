/** A connection whose answers are looked at, or changed, before anybody reads them. */
import type { HttpRequest, HttpResponse, Transport } from '../../../../src/kube/api/transport.ts';

/** The same connection, with all but its answers as they are. */
export function withResponses(
  transport: Transport,
  change: (response: HttpResponse, request: HttpRequest) => HttpResponse,
): Transport {
  return {
    ready: (signal) => transport.ready(signal),
    webSocket: (options) => transport.webSocket(options),
    loseConnections: (why) => transport.loseConnections(why),
    close: () => transport.close(),
    request: async (request) => change(await transport.request(request), request),
  };
}
