/** Asks the API server from within a pod, as Kubernetes offers it to every pod with a token. */
import { readFileSync } from 'node:fs';
import { get, type RequestOptions } from 'node:https';
import type { ListPods } from './gate.ts';
import type { ListedPod } from './users.ts';

/** Where the kubelet puts token and certificate. */
export const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

const answerMs = 20_000;

/** @param folder with `token` and `ca.crt`. */
export function podLister(
  env: Readonly<Record<string, string | undefined>>,
  folder = accountFolder,
): ListPods {
  return async (namespace, signal) => {
    const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
    const token = readFileSync(`${folder}/token`, 'utf8').trim();
    const ca = readFileSync(`${folder}/ca.crt`);
    const fields = encodeURIComponent('status.phase!=Succeeded,status.phase!=Failed');
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?fieldSelector=${fields}`;
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const within = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
    const text = await textOf({ host, port, path, headers, ca, signal: within });
    return (JSON.parse(text) as { readonly items: readonly ListedPod[] }).items;
  };
}

/** @throws Error where there is no answer, or it is not 200; nothing of the request is in its message. */
function textOf(request: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = get(request, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`the API server answered ${response.statusCode}: ${messageIn(text)}`));
      });
    });
    asked.once('error', reject);
  });
}

function messageIn(text: string): string {
  try {
    return String((JSON.parse(text) as { readonly message?: unknown }).message);
  } catch {
    return text.slice(0, 200);
  }
}
