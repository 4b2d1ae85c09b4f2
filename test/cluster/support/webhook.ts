/** Admission webhooks on this machine, for API servers that reach it. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../../../src/kube/api/client.ts';
import type { KubeObject } from '../../../src/kube/api/objects.ts';
import { resolveResource } from '../../../src/kube/cluster/discovery.ts';

export interface Verdict {
  /** Refuses with these words. */
  readonly refuse?: string;
  /** JSON patch. */
  readonly patch?: readonly object[];
}

export interface Webhook {
  /** What a webhook configuration needs to reach it. */
  readonly clientConfig: { readonly url: string; readonly caBundle: string };
  close(): void;
}

/** A certificate of a server for its address, and its key. */
export function selfSigned(address: string): { key: Buffer; cert: Buffer } {
  const dir = mkdtempSync(join(tmpdir(), 'x8s-webhook-'));
  const file = (name: string) => join(dir, name);
  const request = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${address}`,
    '-addext',
    `subjectAltName=IP:${address}`,
  ];
  execFileSync('openssl', [...request, '-keyout', file('key'), '-out', file('crt')], { stdio: 'ignore' });
  const [key, cert] = [readFileSync(file('key')), readFileSync(file('crt'))];
  rmSync(dir, { recursive: true });
  return { key, cert };
}

/** Serves admission reviews by a function of the object, at an address that the API server reaches. */
export async function serveWebhook(
  decide: (object: KubeObject) => Verdict | Promise<Verdict>,
  address = '127.0.0.1',
): Promise<Webhook> {
  const { key, cert } = selfSigned(address);
  const server = createServer({ key, cert }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', async () => {
      const { request: review } = JSON.parse(Buffer.concat(chunks).toString()) as {
        request: { uid: string; object: KubeObject };
      };
      const { refuse, patch } = await decide(review.object);
      const patched = patch
        ? { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
        : {};
      const response = {
        uid: review.uid,
        allowed: refuse === undefined,
        ...(refuse === undefined ? patched : { status: { message: refuse } }),
      };
      outgoing.setHeader('content-type', 'application/json');
      outgoing.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    clientConfig: { url: `https://${address}:${port}/`, caBundle: cert.toString('base64') },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Serves a webhook and registers it, for ConfigMaps of a namespace. The server waits for it for so many seconds. */
export async function judgeConfigMaps(
  kube: KubeClient,
  namespace: string,
  decide: (object: KubeObject) => Verdict | Promise<Verdict>,
  timeoutSeconds = 10,
): Promise<{ close(): Promise<void> }> {
  const webhook = await serveWebhook(decide, await addressToward(kube.cluster.server));
  const resource = await resolveResource(kube, 'mutatingwebhookconfigurations.admissionregistration.k8s.io');
  const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'tests.x8s.test',
        clientConfig: webhook.clientConfig,
        rules: [{ ...rule, operations: ['CREATE', 'UPDATE'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        sideEffects: 'None',
        timeoutSeconds,
        admissionReviewVersions: ['v1'],
      },
    ],
  };
  await kube.apply(resource, configuration, { fieldManager: 'a-person' });
  return {
    async close() {
      await kube.delete(resource, { name: namespace });
      webhook.close();
    },
  };
}

/** This machine's address as a server sees it. */
async function addressToward(server: string): Promise<string> {
  const { hostname, port } = new URL(server);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const { localAddress = '' } = socket;
  socket.destroy();
  return localAddress;
}
