/** Connections to servers that nobody has vouched for: an answer without an end must not fill the memory of all. */
import { AnswerTooLong } from '../../../../src/kube/api/answer-too-long.ts';
import type { ClusterInfo } from '../../../../src/kube/api/client.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../../../src/kube/api/transport.ts';
import { withResponses } from './responses.ts';

const KIB = 1024;
/** Bytes. `/version` is asked before anything is known of a server, and has a few hundred. */
const VERSION = 64 * KIB;
/** A failure is a Status with its causes. */
const FAILURE = 1024 * KIB;
/** An object has 1.5 MiB in etcd. A page of 300 of them is more than this, and is asked for anew in smaller ones. */
const ANSWER = 32 * 1024 * KIB;

const limitOf = ({ path }: HttpRequest, { status }: HttpResponse): number => {
  if (path === '/version') return VERSION;
  return status < 300 ? ANSWER : FAILURE;
};

/** Over a connection of which no answer is kept beyond its limit. What is read as it comes (a watch) has limits of its own. */
export function withBoundedAnswers(transport: Transport, cluster: ClusterInfo): Transport {
  return withResponses(transport, (response, request) => {
    const limit = limitOf(request, response);
    const [path = ''] = request.path.split('?', 1);
    return { ...response, text: () => textWithin(response, limit, () => tooLong(cluster, path, limit)) };
  });
}

const tooLong = ({ context, server }: ClusterInfo, path: string, limit: number): AnswerTooLong =>
  new AnswerTooLong(
    `${context}: ${path}: the answer has more than ${limit / KIB} KiB, so the rest was not read`,
    { hint: `does ${server} point to an API server?` },
  );

async function textWithin(response: HttpResponse, limit: number, tooLong: () => Error): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop closes the connection.
  for await (const part of response.bytes()) {
    length += part.byteLength;
    if (length > limit) throw tooLong();
    parts.push(part);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}
