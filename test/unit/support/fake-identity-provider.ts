/** An identity provider on the loopback: a discovery document, and a token endpoint that answers as a test says. */
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { certificate, privateKey } from './tls-fixture.ts';

/** What the token endpoint was asked. */
export interface TokenRequest {
  readonly authorization: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

export interface TokenAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface FakeIdentityProvider {
  readonly issuer: string;
  readonly port: number;
  /** Of the token endpoint, in order. */
  readonly requests: TokenRequest[];
  /** How many requests came, for whatever. */
  asked: number;
  /** Put over the discovery document. */
  metadata: object;
  answer: (request: TokenRequest) => TokenAnswer | Promise<TokenAnswer>;
  close(): Promise<void>;
}

/** An ID token as an API server would read it, but for the signature. @param exp when it expires */
export function idToken(exp: Date | undefined, claims: object = {}): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const expiry = exp ? { exp: exp.getTime() / 1000 } : {};
  return `${encode({ alg: 'RS256' })}.${encode({ iss: 'x', ...expiry, ...claims })}.c2lnbmF0dXJl`;
}

export async function fakeIdentityProvider({ tls = true } = {}): Promise<FakeIdentityProvider> {
  const server = tls ? createServer({ cert: certificate, key: privateKey }) : createPlainServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const provider: FakeIdentityProvider = {
    issuer: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/realm`,
    port,
    requests: [],
    asked: 0,
    metadata: {},
    answer: () => ({ status: 500, body: {} }),
    close: () => closed(server),
  };
  server.on('request', answering(provider));
  return provider;
}

function answering(provider: FakeIdentityProvider): RequestListener {
  return async (request, response) => {
    provider.asked++;
    const reply = ({ status = 200, headers = {}, body }: TokenAnswer) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    if (request.url === '/realm/.well-known/openid-configuration')
      return reply({ body: documentOf(provider) });
    const form = Object.fromEntries(new URLSearchParams((await request.toArray()).join('')));
    const asked = { authorization: request.headers.authorization, form };
    provider.requests.push(asked);
    return reply(await provider.answer(asked));
  };
}

const documentOf = ({ issuer, metadata }: FakeIdentityProvider) => ({
  issuer,
  token_endpoint: `${issuer}/token`,
  ...metadata,
});

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
