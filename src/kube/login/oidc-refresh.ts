/**
 * New tokens for a refresh token (OpenID Connect Core 1.0, section 12), by openid-client. Loaded where a token has
 * expired, and not before.
 */
import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import * as oidc from 'openid-client';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { limited } from '../../async/until.ts';
import type { Clock } from '../../clock.ts';
import { unreadableFile } from '../../given-file.ts';
import type { OidcProvider, OidcTokens } from './oidc-config.ts';
import { noAnswerWithin, noIdToken, refreshFailure } from './oidc-failure.ts';
import { proxyFor } from './proxy.ts';

/** For the discovery document and the tokens together, in milliseconds; openid-client itself would give 30 s to each. */
const limitMs = 20_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Asks once; the refresh token may be good for nothing afterwards.
 * @throws {UnreachableError} no answer, a refusal, or an answer without an ID token
 * @throws {UsageError} the file with the provider's certificates can't be read
 */
export async function refreshedTokens(
  provider: OidcProvider,
  refreshToken: string,
  clock: Clock,
  env: Environment = process.env,
): Promise<OidcTokens> {
  const dispatcher = await dispatcherFor(provider, env);
  const late = () => noAnswerWithin(provider, limitMs);
  try {
    const answer = await limited(grant(provider, refreshToken, dispatcher), limitMs, late, clock);
    if (answer.idToken === '') throw noIdToken(provider);
    // Not every provider rotates refresh tokens: without a new one the old one stays good.
    return { ...answer, refreshToken: answer.refreshToken || refreshToken };
  } catch (error) {
    throw refreshFailure(provider, refreshToken, error);
  } finally {
    await dispatcher.destroy();
  }
}

/** Connections to the provider, through the environment's proxy, as for kubectl. */
async function dispatcherFor(provider: OidcProvider, env: Environment): Promise<Dispatcher> {
  const tls = { ca: await authoritiesOf(provider), allowH2: false };
  const proxy = proxyFor(provider.issuer, env)?.replace(/^socks5h:/, 'socks5:');
  return proxy ? new ProxyAgent({ uri: proxy, requestTls: tls }) : new Agent({ connect: tls });
}

/** Certificates that are trusted: the kubeconfig's, else the machine's too, as for kubectl; Node alone has but its own. */
async function authoritiesOf({ caFile, caData }: OidcProvider): Promise<Buffer | string[]> {
  if (caData !== '') return Buffer.from(caData, 'base64');
  if (caFile === '') return [...getCACertificates('default'), ...getCACertificates('system')];
  return readFile(caFile).catch((error) => {
    throw unreadableFile('idp-certificate-authority', caFile, error);
  });
}

async function grant(
  provider: OidcProvider,
  refreshToken: string,
  dispatcher: Dispatcher,
): Promise<OidcTokens> {
  const { issuer, clientId } = provider;
  let tokens: OidcTokens = { idToken: '', refreshToken: '' };
  const fetchTokens = fetchBy(dispatcher, (taken) => {
    tokens = taken;
  });
  // client-go takes what the kubeconfig says, and that may be a provider on this machine.
  const execute = issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [];
  // By the document's own address, as client-go has it: the issuer in it may be written otherwise.
  const address = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const options = { [oidc.customFetch]: fetchTokens, execute };
  const found = (await oidc.discovery(address, clientId, undefined, oidc.None(), options)).serverMetadata();
  await askedInTurn(authentications(provider, found), async (authentication) => {
    const client = new oidc.Configuration(found, clientId, undefined, authentication);
    client[oidc.customFetch] = fetchTokens;
    for (const extend of execute) extend(client);
    await oidc.refreshTokenGrant(client, refreshToken);
  });
  return tokens;
}

/**
 * How the client may show who it is, the likeliest first. Without a word of it in the document it is `basic`, by OpenID
 * Connect Discovery; not every document is right, and client-go tries both.
 */
function authentications(
  { clientSecret }: OidcProvider,
  { token_endpoint_auth_methods_supported: supported = ['client_secret_basic'] }: oidc.ServerMetadata,
): oidc.ClientAuth[] {
  if (clientSecret === '') return [oidc.None()];
  const both = [oidc.ClientSecretBasic(clientSecret), oidc.ClientSecretPost(clientSecret)];
  return supported.includes('client_secret_basic') ? both : both.reverse();
}

/** The next way only where the provider refused the client for the one before: a refresh token may work but once. */
async function askedInTurn<T>(ways: readonly T[], ask: (way: T) => Promise<void>): Promise<void> {
  for (const [index, way] of ways.entries()) {
    try {
      return await ask(way);
    } catch (error) {
      if (index === ways.length - 1 || !isClientRefused(error)) throw error;
    }
  }
}

function isClientRefused(error: unknown): boolean {
  if (error instanceof oidc.WWWAuthenticateChallengeError) return true;
  return error instanceof oidc.ResponseBodyError && error.status < 500 && error.error !== 'invalid_grant';
}

/**
 * A fetch over these connections; Node's own refuses some ports. Tokens are taken out of the answer on its way:
 * openid-client checks an ID token as a client that trusts it, and what it threw away would take the new refresh token
 * with it. Whether the ID token is good is for the API server to say.
 */
function fetchBy(dispatcher: Dispatcher, take: (tokens: OidcTokens) => void): oidc.CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const { origin, pathname, search } = new URL(url);
    const sent = body === undefined || body === null ? null : String(body);
    const request = { origin, path: pathname + search, method: method as Dispatcher.HttpMethod, headers };
    const answer = await dispatcher.request({ ...request, body: sent, signal: signal ?? null });
    const { statusCode: status } = answer;
    const text = await answer.body.text();
    const { id_token: idToken, refresh_token: refreshToken, ...rest } = objectOf(text) ?? {};
    if (status !== 200 || rest.access_token === undefined)
      return new Response(text || null, { status, headers: headersOf(answer) });
    take({ idToken: textOf(idToken), refreshToken: textOf(refreshToken) });
    return Response.json(rest);
  };
}

/** Those that openid-client looks at. */
function headersOf({ headers }: Dispatcher.ResponseData): Record<string, string> {
  const names = ['content-type', 'www-authenticate'].filter((name) => headers[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, [headers[name]].flat().join(', ')]));
}

function objectOf(json: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
