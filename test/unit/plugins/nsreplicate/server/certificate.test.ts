/** The certificate that signs itself, as TLS and OpenSSL find it; and its Secret, made, renewed, or left alone. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { afterAll, expect, test } from '@jest/globals';
import {
  certificateSecret,
  ensureCertificate,
  secretSource,
} from '../../../../../plugins/nsreplicate/server/certificate/secret.ts';
import { selfSigned } from '../../../../../plugins/nsreplicate/server/certificate/self-signed.ts';
import type { Secret } from '../../../../../src/kube/api/objects.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeKube } from '../../../support/fake-kube.ts';

const folder = mkdtempSync(join(tmpdir(), 'x8s-certificate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DAY_MS = 86_400_000;
const names = ['page.test', 'localhost', '127.0.0.1'] as const;
const around = { from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + DAY_MS) };

/** Connects to a server with the pair, as a client that trusts just this certificate; who asks for another name is refused. */
async function handshake(
  pair: { cert: string; key: string },
  servername: string,
): Promise<string | undefined> {
  const server = createServer(pair).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise((resolve) => {
      const socket: TLSSocket = connect({ port, host: '127.0.0.1', ca: pair.cert, servername }, () => {
        resolve(undefined);
        socket.destroy();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    });
  } finally {
    server.close();
  }
}

test('TLS takes it under its names, and under no other', async () => {
  const pair = selfSigned({ names, ...around });
  expect(await handshake(pair, 'page.test')).toBeUndefined();
  expect(await handshake(pair, 'localhost')).toBeUndefined();
  expect(await handshake(pair, 'other.test')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
});

test('OpenSSL reads of it what was asked for', () => {
  const { cert } = selfSigned({
    names,
    from: new Date('2049-12-31T23:59:58.9Z'),
    to: new Date('2050-01-02T03:04:05Z'),
  });
  const text = execFileSync('openssl', ['x509', '-noout', '-text'], { input: cert }).toString();
  expect(text).toContain('DNS:page.test, DNS:localhost, IP Address:127.0.0.1');
  expect(text).toContain('Not Before: Dec 31 23:59:58 2049 GMT');
  expect(text).toContain('Not After : Jan  2 03:04:05 2050 GMT');
  expect(text).toContain('CA:FALSE');
  expect(text).toContain('TLS Web Server Authentication');
  const file = join(folder, 'cert.pem');
  writeFileSync(file, cert);
  const check = ['verify', '-x509_strict', '-check_ss_sig', '-attime', '2524608010', '-CAfile', file, file];
  expect(execFileSync('openssl', check).toString()).toContain(': OK');
});

test('no two have the same key or number', () => {
  const [one, two] = [selfSigned({ names, ...around }), selfSigned({ names, ...around })];
  expect(one.key).not.toBe(two.key);
  expect(new X509Certificate(one.cert).serialNumber).not.toBe(new X509Certificate(two.cert).serialNumber);
});

function scene() {
  const objects = new FakeCluster();
  const clock = fakeClock();
  const kube = fakeKube(objects);
  const secret = () => objects.find('/secrets', 'x8s-nsreplicate', certificateSecret) as Secret | undefined;
  const ensure = async () => (await ensureCertificate(kube, clock)).became;
  return { objects, clock, kube, secret, ensure };
}

test('the Secret is made once, kept while it holds for long enough, renewed before it ends, and when it is broken', async () => {
  const { objects, clock, secret, ensure } = scene();
  expect(await ensure()).toBe('created');
  const first = secret() as Secret;
  expect(first.type).toBe('kubernetes.io/tls');
  clock.jump(330 * DAY_MS);
  expect(await ensure()).toBe('unchanged');
  clock.jump(10 * DAY_MS);
  expect(await ensure()).toBe('renewed');
  expect(secret()?.data?.['tls.crt']).not.toBe(first.data?.['tls.crt']);
  objects.replace('/secrets', { ...secret(), data: {} } as Secret);
  expect(await ensure()).toBe('renewed');
  expect(await ensure()).toBe('unchanged');
});

test("somebody else's is used and never written, not even where it has ended; one that can't be used is refused", async () => {
  const { objects, clock, secret, ensure } = scene();
  const { cert, key } = selfSigned({ names, ...around });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const metadata = { namespace: 'x8s-nsreplicate', name: certificateSecret };
  const data = { 'tls.crt': base64(cert), 'tls.key': base64(key) };
  objects.create('/secrets', { metadata, data } as Secret);
  const { resourceVersion } = secret()?.metadata ?? {};
  clock.jump(3650 * DAY_MS);
  expect(await ensure()).toBe('others');
  expect(secret()?.metadata.resourceVersion).toBe(resourceVersion);
  objects.replace('/secrets', { ...secret(), data: { ...data, 'tls.key': '' } } as Secret);
  await expect(ensure()).rejects.toThrow('is not ours');
});

test('a service tells when it makes or renews it, when another one did, and nothing else', async () => {
  const { clock, kube } = scene();
  const { signal } = new AbortController();
  const said: string[][] = [[], []];
  const [one, other] = said.map((lines) => secretSource(kube, (text) => lines.push(text)));
  const look = async () => {
    for (const source of [one, other]) await source?.read({ clock, signal });
  };
  await look();
  await look();
  clock.jump(340 * DAY_MS);
  await look();
  const words = said.map((lines) =>
    lines.map((line) => /^Secret \S+ (\w+): the certificate holds/.exec(line)?.[1]),
  );
  expect(words).toEqual([['created', 'renewed'], ['changed']]);
  expect(said.flat().join(' ')).not.toContain('PRIVATE');
});

test('two that make it at the same moment end with one', async () => {
  const { kube, clock, objects } = scene();
  const made = await Promise.all([ensureCertificate(kube, clock), ensureCertificate(kube, clock)]);
  expect(new Set(made.map(({ pair }) => pair.cert)).size).toBe(1);
  expect(objects.all('/secrets')).toHaveLength(1);
});
