/** A container's log, line by line. */
import type { KubeClient } from '../client.ts';
import { pathOf, pods } from '../resources.ts';

export interface LogOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly follow?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export async function* followLogs(kube: KubeClient, options: LogOptions): AsyncGenerator<string> {
  const { namespace, pod, container, follow, signal } = options;
  const path = pathOf(pods, { namespace, name: pod, subresource: 'log' });
  const body = await kube.stream({ method: 'GET', path, query: { container, follow }, signal });
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
