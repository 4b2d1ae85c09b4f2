/**
 * What a user's `auth-provider` of the name `oidc` says, and whether its ID token still holds, by the rules of
 * client-go's plugin (kubernetes/client-go, plugin/pkg/client/auth/oidc/oidc.go).
 */
import { UnreachableError, UsageError } from '../../errors.ts';
import type { AuthProviderEntry } from './kubeconfig.ts';

/** An identity provider, and what kubectl is to it. Secret: never log it. */
export interface OidcProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** Empty for a public client. */
  readonly clientSecret: string;
  /** Path of certificates in PEM, and certificates themselves in base64 of PEM, which count more; empty for the usual ones. */
  readonly caFile: string;
  readonly caData: string;
}

/** Secret: never log them. Empty where there is none. */
export interface OidcTokens {
  readonly idToken: string;
  readonly refreshToken: string;
}

/** The keys of the tokens in the provider's `config`. */
export const tokenKeys = { idToken: 'id-token', refreshToken: 'refresh-token' } as const;

/** What a person does where the tokens are good for nothing any more. */
export const logInAgain = 'log in with the identity provider again, in the way that made this user';

/** The provider does not take the refresh token: it was used already, revoked, or is too old. */
export class GrantRefusedError extends UnreachableError {}

/** An ID token is taken for expired so many milliseconds before it is, as in client-go: clocks differ, and requests travel. */
const expiryDeltaMs = 10_000;

export function isOidc(entry: AuthProviderEntry | null | undefined): entry is AuthProviderEntry {
  return entry?.name === 'oidc';
}

/** @throws {UsageError} a key is missing that there must be, or is no text */
export function providerOf(config: AuthProviderEntry['config']): OidcProvider {
  const issuer = required(config, 'idp-issuer-url');
  if (!/^https?:$/.test(URL.parse(issuer)?.protocol ?? ''))
    throw new UsageError(`its idp-issuer-url ${issuer} is no URL`);
  return {
    issuer,
    clientId: required(config, 'client-id'),
    clientSecret: textAt(config, 'client-secret'),
    caFile: textAt(config, 'idp-certificate-authority'),
    caData: textAt(config, 'idp-certificate-authority-data'),
  };
}

/** @throws {UsageError} one of them is no text */
export function tokensOf(config: AuthProviderEntry['config']): OidcTokens {
  return {
    idToken: textAt(config, tokenKeys.idToken),
    refreshToken: textAt(config, tokenKeys.refreshToken),
  };
}

function required(config: AuthProviderEntry['config'], key: string): string {
  const value = textAt(config, key);
  if (value !== '') return value;
  throw new UsageError(`its auth-provider oidc has no ${key}`, {
    hint: `kubectl config set-credentials NAME --auth-provider=oidc --auth-provider-arg=${key}=VALUE sets it`,
  });
}

/** A number without quotes is a text to kubectl too, but YAML's numbers hold no more than 16 digits. */
function textAt(config: AuthProviderEntry['config'], key: string): string {
  const value = config?.[key] ?? '';
  if (typeof value === 'string') return value;
  if (Number.isSafeInteger(value)) return String(value);
  throw new UsageError(`${key} of its auth-provider oidc is no text`, { hint: 'put it into quotes' });
}

/** Whether an ID token can be sent; one that can't be read can't. */
export function isFresh(idToken: string, now: Date): boolean {
  return now.getTime() + expiryDeltaMs < (expiryOf(idToken) ?? 0);
}

/** When a JWT expires, in milliseconds since 1970; 0 where it does not say, undefined where it is no JWT. */
export function expiryOf(jwt: string): number | undefined {
  const parts = jwt.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const { exp = 0 } = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
    return typeof exp === 'number' ? exp * 1000 : 0;
  } catch {
    return undefined;
  }
}
