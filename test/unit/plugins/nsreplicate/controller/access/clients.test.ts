/** What a KRMSyncer's kubeconfig leads to has to show that it is an API server; of anything else nothing is told on. */
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import type { Addresses } from '../../../../../../plugins/nsreplicate/controller/access/addresses.ts';
import { Clients } from '../../../../../../plugins/nsreplicate/controller/access/clients.ts';
import { Refusal } from '../../../../../../plugins/nsreplicate/controller/resource/refusal.ts';
import { X8sError } from '../../../../../../src/errors.ts';
import { configMaps } from '../../../../../../src/kube/api/resources.ts';
import { fakeClock } from '../../../../support/fake-clock.ts';
import { fakeKube } from '../../../../support/fake-kube.ts';
import { certificate, privateKey } from '../../../../support/tls-fixture.ts';

const secret = 'the inner page of somebody else';
const page = `<html>${secret}</html>`;
/** These servers are on loopback, where no kubeconfig leads otherwise. */
const fakeAddresses = { refused: () => undefined } as unknown as Addresses;
const opened: Server[] = [];
let ended = new AbortController();

afterEach(() => {
  ended.abort();
  ended = new AbortController();
  for (const server of opened.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A kubeconfig that leads to a server of the test. */
async function leadingTo(answer: RequestListener): Promise<string> {
  const server = createServer({ cert: certificate, key: privateKey }, answer);
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ca = Buffer.from(certificate).toString('base64');
  const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': ca };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'c', user: { token: 't' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
  });
}

function remote(kubeconfig: string) {
  const clients = new Clients({
    own: fakeKube(),
    clock: fakeClock(),
    requestTimeoutMs: 5000,
    userAgent: 'test',
    addresses: () => fakeAddresses,
  });
  return clients.remote(kubeconfig, ended.signal);
}

/** All that an error could show of where it came from. */
const shown = ({ message, details, hint }: X8sError) => [message, ...(details ?? []), hint].join('\n');

const failure = async (work: Promise<unknown>): Promise<X8sError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof X8sError)) throw new Error(`it came to no error, but to ${error}`);
  return error;
};

const answer =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers });
    response.end(body);
  };

test.each<[string, RequestListener, string]>([
  ['a page', answer(200, page), ''],
  ['other JSON', answer(200, JSON.stringify({ version: secret })), ''],
  ['a version that is none', answer(200, JSON.stringify({ gitVersion: [secret] })), ''],
  ['a failure of its own', answer(500, page), ' (HTTP 500)'],
  ['a failure as JSON', answer(404, JSON.stringify({ error: secret })), ' (HTTP 404)'],
  ['who has to sign in', answer(401, page, { 'www-authenticate': `Basic realm="${secret}"` }), ' (HTTP 401)'],
  ['another address', answer(302, page, { location: `https://127.0.0.1/${secret}` }), ' (HTTP 302)'],
  ['a page without an end', answer(200, page.repeat(4000)), ', and without an end'],
])(
  'what answers with %s is no API server, and nothing of its answer is shown',
  async (_what, listener, why) => {
    const error = await failure(remote(await leadingTo(listener)));
    expect(error).toBeInstanceOf(Refusal);
    expect(error).toMatchObject({
      reason: 'NoApiServer',
      message: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+ answers, but not as an API server does/),
    });
    expect(error.message.endsWith(`does${why}`)).toBe(true);
    expect(shown(error)).not.toContain('inner page');
  },
);

test.each([
  ['a page', 200],
  ['a failure', 500],
  ['another address', 307],
])('what says a version and then answers with %s has nothing of it shown either', async (_what, status) => {
  const kube = await remote(
    await leadingTo((request, response) => {
      const isVersion = request.url === '/version';
      response.writeHead(isVersion ? 200 : status, { location: `/${secret.replaceAll(' ', '-')}` });
      response.end(isVersion ? JSON.stringify({ gitVersion: 'v1.34.0' }) : page);
    }),
  );
  const error = await failure(kube.list(configMaps, { namespace: 'team' }));
  expect(shown(error)).not.toMatch(/inner.page/);
});

test('an API server that shows nobody its version is taken', async () => {
  const forbidden = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403 };
  const json = { 'content-type': 'application/json' };
  await remote(await leadingTo(answer(403, JSON.stringify(forbidden), json)));
});
