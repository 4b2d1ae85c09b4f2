import { type AddressInfo, connect, createServer } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OidcProvider } from '../../../../../src/kube/login/oidc-config.ts';
import { refreshedTokens } from '../../../../../src/kube/login/oidc-refresh.ts';
import { eventually } from '../../../../support/eventually.ts';
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts';
import { type FakeIdentityProvider, fakeIdentityProvider } from '../../../support/fake-identity-provider.ts';
import { certificate } from '../../../support/tls-fixture.ts';

let idp: FakeIdentityProvider;
let clock: FakeClock;

const tokens = {
  access_token: 'access',
  token_type: 'Bearer',
  id_token: 'new-id',
  refresh_token: 'new-refresh',
};
const got = { idToken: 'new-id', refreshToken: 'new-refresh' };

beforeEach(async () => {
  idp = await fakeIdentityProvider();
  idp.answer = () => ({ body: tokens });
  clock = fakeClock();
});

afterEach(() => idp.close());

function ask(provider: Partial<OidcProvider> = {}, env = {}) {
  const common = { issuer: idp.issuer, clientId: 'kubectl', clientSecret: '', caFile: '' };
  const caData = Buffer.from(certificate).toString('base64');
  return refreshedTokens({ ...common, caData, ...provider }, 'old-refresh', clock, env);
}

const failureOf = (provider?: Partial<OidcProvider>) => ask(provider).catch((caught) => caught);

describe('the client', () => {
  const secret = 'p@ss:word';
  const basic = `Basic ${Buffer.from('kubectl:p%40ss%3Aword').toString('base64')}`;

  test('without a secret names itself', async () => {
    expect(await ask()).toEqual(got);
    const form = { client_id: 'kubectl', grant_type: 'refresh_token', refresh_token: 'old-refresh' };
    expect(idp.requests).toEqual([{ authorization: undefined, form }]);
  });

  test('shows its secret by basic authentication', async () => {
    expect(await ask({ clientSecret: secret })).toEqual(got);
    expect(idp.requests).toMatchObject([{ authorization: basic }]);
    expect(inspect(idp.requests)).not.toContain('client_secret');
  });

  test('shows its secret in the form where the provider wants it there', async () => {
    idp.metadata = { token_endpoint_auth_methods_supported: ['client_secret_post'] };
    expect(await ask({ clientSecret: secret })).toEqual(got);
    expect(idp.requests).toMatchObject([
      { authorization: undefined, form: { client_id: 'kubectl', client_secret: secret } },
    ]);
  });

  test.each([
    ['with a challenge', { 'www-authenticate': 'Basic realm="x"' }],
    ['without one', {}],
  ])('shows its secret in the other way where the first is refused, %s', async (_, headers) => {
    idp.answer = ({ authorization }) =>
      authorization ? { status: 401, headers, body: { error: 'invalid_client' } } : { body: tokens };
    expect(await ask({ clientSecret: secret })).toEqual(got);
    expect(idp.requests).toHaveLength(2);
  });

  test('asks no second time where the refresh token was refused, and not the client', async () => {
    idp.answer = () => ({ status: 400, body: { error: 'invalid_grant' } });
    await failureOf({ clientSecret: secret });
    expect(idp.requests).toHaveLength(1);
  });

  test('that is refused in both ways is said, without its secret', async () => {
    const body = { error: 'invalid_client', error_description: `no client with ${secret}` };
    idp.answer = () => ({ status: 400, body });
    const error = await failureOf({ clientSecret: secret });
    expect(error).toMatchObject({
      exitCode: 4,
      message: `the identity provider ${idp.issuer} gave no tokens: invalid_client (no client with …)`,
      hint: expect.stringContaining('client-secret'),
    });
    expect(inspect(error)).not.toContain(secret);
  });

  test('that is refused by a challenge is said', async () => {
    idp.answer = () => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="x"' }, body: {} });
    expect(await failureOf()).toMatchObject({ message: expect.stringContaining('HTTP 401') });
  });
});

describe('an identity provider', () => {
  test('may write its issuer otherwise, and its ID token is for the API server to judge', async () => {
    idp.metadata = { issuer: 'https://elsewhere.test' };
    expect(await ask({ issuer: `${idp.issuer}/` })).toEqual(got);
  });

  test('that does not rotate refresh tokens', async () => {
    const { refresh_token: _, ...others } = tokens;
    idp.answer = () => ({ body: others });
    expect(await ask()).toEqual({ ...got, refreshToken: 'old-refresh' });
  });

  test('without TLS, where the kubeconfig says so', async () => {
    const plain = await fakeIdentityProvider({ tls: false });
    plain.answer = idp.answer;
    expect(await ask({ issuer: plain.issuer })).toEqual(got);
    await plain.close();
  });

  test("behind the environment's proxy", async () => {
    const targets: string[] = [];
    const proxy = createServer((socket) => {
      socket.once('data', (head) => {
        targets.push(head.toString().split(' ')[1] ?? '');
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const there = connect(idp.port, '127.0.0.1');
        socket.pipe(there).pipe(socket);
        for (const end of [socket, there]) end.on('error', () => [socket, there].map((all) => all.destroy()));
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const host = `api.fake.test:${idp.port}`;
    idp.metadata = { token_endpoint: `https://${host}/realm/token` };
    const env = { HTTPS_PROXY: `http://127.0.0.1:${port}` };
    expect(await ask({ issuer: `https://${host}/realm` }, env)).toEqual(got);
    expect(new Set(targets)).toEqual(new Set([host]));
    proxy.close();
  });

  test('whose certificates are in a file that is missing', async () => {
    expect(await failureOf({ caData: '', caFile: '/no.pem' })).toMatchObject({
      exitCode: 2,
      message: "idp-certificate-authority: can't read /no.pem: it does not exist",
    });
  });

  test.each([
    ['none is given', ''],
    ['they are no certificates', 'bm9uZQ=='],
  ])('whose certificate is not trusted: %s', async (_, caData) => {
    expect(await failureOf({ caData })).toMatchObject({
      exitCode: 4,
      message: `no answer from the identity provider ${idp.issuer}: its certificate is not trusted`,
      hint: expect.stringContaining('idp-certificate-authority'),
    });
    expect(idp.asked).toBe(0);
  });

  test('that is not there', async () => {
    expect(await failureOf({ issuer: 'https://127.0.0.1:1' })).toMatchObject({
      exitCode: 4,
      message: 'no answer from the identity provider https://127.0.0.1:1: connection refused',
      hint: expect.stringContaining('network'),
    });
  });

  test('that does not answer is not waited for longer than 20 s', async () => {
    idp.answer = () => new Promise(() => {});
    const failure = failureOf();
    await eventually(() => expect(idp.requests).toHaveLength(1));
    await clock.advance(20_000);
    expect(await failure).toMatchObject({
      exitCode: 4,
      message: `no answer from the identity provider ${idp.issuer} within 20 s`,
    });
  });

  test('that gives no ID token', async () => {
    const { id_token: _, ...others } = tokens;
    idp.answer = () => ({ body: others });
    expect(await failureOf()).toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('did not give an ID token'),
      hint: expect.stringContaining('openid'),
    });
  });

  test('that no longer takes the refresh token, and quotes it', async () => {
    const body = { error: 'invalid_grant', error_description: 'old-refresh was used' };
    idp.answer = () => ({ status: 400, body });
    const error = await failureOf();
    expect(error).toMatchObject({
      exitCode: 4,
      message: `the identity provider ${idp.issuer} no longer takes the refresh token: invalid_grant (… was used)`,
      hint: expect.stringContaining('log in'),
    });
    expect(inspect(error)).not.toContain('old-refresh');
  });

  test.each<[string, Partial<FakeIdentityProvider>]>([
    ['a document that is none', { metadata: { token_endpoint: undefined } }],
    ['tokens that are none', { answer: () => ({ body: 's3cret' }) }],
    ['an error that is none', { answer: () => ({ status: 502, body: 's3cret' }) }],
  ])('that answers with %s', async (_, behaviour) => {
    Object.assign(idp, behaviour);
    const error = await failureOf();
    expect(error).toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('does not speak OpenID Connect'),
      hint: expect.stringContaining('idp-issuer-url'),
    });
    expect(inspect(error)).not.toContain('s3cret');
  });
});
