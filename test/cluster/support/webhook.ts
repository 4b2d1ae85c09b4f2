/** An admission webhook on this machine, for API servers that reach its loopback. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../../../src/kube/objects.ts';

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

/** Serves admission reviews by a function of the object. */
export async function serveWebhook(decide: (object: KubeObject) => Verdict): Promise<Webhook> {
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
    '/CN=127.0.0.1',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  ];
  execFileSync('openssl', [...request, '-keyout', file('key'), '-out', file('crt')], { stdio: 'ignore' });
  const [key, cert] = [readFileSync(file('key')), readFileSync(file('crt'))];
  rmSync(dir, { recursive: true });
  const server = createServer({ key, cert }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { request: review } = JSON.parse(Buffer.concat(chunks).toString()) as {
        request: { uid: string; object: KubeObject };
      };
      const { refuse, patch } = decide(review.object);
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: cert.toString('base64') },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
