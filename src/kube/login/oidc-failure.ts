/** Why an identity provider gave no tokens, in words, and without a secret. */
import * as oidc from 'openid-client';
import { UnreachableError, UsageError } from '../../errors.ts';
import { whyNoAnswer } from '../api/connection-error.ts';
import { GrantRefusedError, logInAgain, type OidcProvider } from './oidc-config.ts';

const checkClient = 'check client-id and client-secret of this user in the kubeconfig';
const checkIssuer =
  'check idp-issuer-url of this user in the kubeconfig: /.well-known/openid-configuration is below it';
const checkCa = 'check idp-certificate-authority(-data) of this user in the kubeconfig';
const isRouteUp = 'is it up, and the network, VPN or proxy on the way?';

/** @param error as openid-client or the network threw it; one of ours stays as it is */
export function refreshFailure(provider: OidcProvider, refreshToken: string, error: unknown): Error {
  if (error instanceof UsageError || error instanceof UnreachableError) return error;
  const { issuer, clientSecret } = provider;
  const it = `the identity provider ${issuer}`;
  if (error instanceof oidc.ResponseBodyError) {
    const said = withoutSecrets(saidIn(error), [refreshToken, clientSecret]);
    return error.error === 'invalid_grant'
      ? new GrantRefusedError(`${it} no longer takes the refresh token: ${said}`, { hint: logInAgain })
      : new UnreachableError(`${it} gave no tokens: ${said}`, { hint: checkClient });
  }
  if (error instanceof oidc.WWWAuthenticateChallengeError)
    return new UnreachableError(`${it} does not know the client: HTTP ${error.status}`, {
      hint: checkClient,
    });
  // Such an error has what it read as its cause. One without a code is of the network.
  if (error instanceof oidc.ClientError && error.code !== undefined)
    return new UnreachableError(`${it} does not speak OpenID Connect: ${error.message}`, {
      hint: checkIssuer,
    });
  const cause = error instanceof oidc.ClientError ? error.cause : error;
  const why = whyNoAnswer(cause);
  const hint = why.includes('certificate') ? checkCa : isRouteUp;
  return new UnreachableError(`no answer from ${it}: ${why}`, { hint, cause });
}

/** The time is over, in milliseconds. */
export function noAnswerWithin({ issuer }: OidcProvider, limitMs: number): Error {
  return new UnreachableError(`no answer from the identity provider ${issuer} within ${limitMs / 1000} s`, {
    hint: isRouteUp,
  });
}

/** An answer without an ID token: Kubernetes knows a person by nothing else. */
export function noIdToken({ issuer }: OidcProvider): Error {
  return new UnreachableError(`the identity provider ${issuer} did not give an ID token with new tokens`, {
    hint: 'the login has to ask for the scope openid; some providers give an ID token at a login only',
  });
}

function saidIn({ error, error_description: description }: oidc.ResponseBodyError): string {
  return description ? `${error} (${description.slice(0, 200)})` : error;
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((clean, secret) => clean.replaceAll(secret, '…'), text);
}
