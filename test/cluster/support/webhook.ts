/** An admission webhook of a test: served here, asked by a cluster's API server about one namespace's ConfigMaps. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../../../src/kube/client.ts';
import { resolveResource } from '../../../src/kube/discovery.ts';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { must } from './process.ts';

/** What a webhook answers: a refusal's message, or a JSON patch. */
export type Answer = { readonly refuse: string } | { readonly patch: readonly object[] };

export interface Webhook {
  /** How often it was asked, dry runs left out. */
  readonly asked: number;
  close(): Promise<void>;
}

interface Review {
  readonly request: { readonly uid: string; readonly dryRun?: boolean; readonly object: KubeObject };
}

/** Registers a webhook for ConfigMaps of a namespace; the API server has to reach this machine. */
export async function serveWebhook(
  kube: KubeClient,
  namespace: string,
  answer: (object: KubeObject) => Answer,
): Promise<Webhook> {
  let asked = 0;
  const address = await addressToward(kube.cluster.server);
  const { key, certificate } = await makeCertificate(address);
  const server = createServer({ key, cert: certificate }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { request: review } = JSON.parse(Buffer.concat(chunks).toString()) as Review;
    if (!review.dryRun) asked += 1;
    const said = answer(review.object);
    const verdict =
      'refuse' in said
        ? { allowed: false, status: { message: said.refuse, code: 403 } }
        : {
            allowed: true,
            patchType: 'JSONPatch',
            patch: Buffer.from(JSON.stringify(said.patch)).toString('base64'),
          };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: review.uid, ...verdict },
      }),
    );
  });
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const resource = await resolveResource(kube, 'mutatingwebhookconfigurations.admissionregistration.k8s.io');
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: namespace },
    webhooks: [
      {
        name: 'tests.x8s.test',
        clientConfig: {
          url: `https://${address}:${port}/`,
          caBundle: Buffer.from(certificate).toString('base64'),
        },
        rules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            resources: ['configmaps'],
            operations: ['CREATE', 'UPDATE'],
          },
        ],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        sideEffects: 'None',
        failurePolicy: 'Fail',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
  await kube.apply(resource, configuration, { fieldManager: 'a-person' });
  return {
    get asked() {
      return asked;
    },
    async close() {
      await kube.delete(resource, { name: namespace });
      server.closeAllConnections();
      server.close();
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

async function makeCertificate(address: string): Promise<{ key: string; certificate: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'x8s-test-'));
  const [keyFile, file] = [join(folder, 'key'), join(folder, 'crt')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=webhook', '-addext', `subjectAltName=IP:${address}`];
  await must('openssl', ['req', '-x509', ...kind, ...names, '-keyout', keyFile, '-out', file]);
  const [key, certificate] = await Promise.all([readFile(keyFile, 'utf8'), readFile(file, 'utf8')]);
  await rm(folder, { recursive: true });
  return { key, certificate };
}
