/**
 * OpenID Connect, as client-go's plugin has it (kubernetes/client-go, plugin/pkg/client/auth/oidc/oidc.go): an ID token
 * that has expired is replaced by means of the refresh token, and both are written into the kubeconfig, since many
 * providers take a refresh token only once. client-node's own OpenIDConnectAuth does neither.
 */
import type { RequestOptions } from 'node:https';
import type { Authenticator } from '@kubernetes/client-node/dist/auth.js';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import type { Clock } from '../../clock.ts';
import { messageOf, UnreachableError, UsageError } from '../../errors.ts';
import type { UserPlace } from './access-point.ts';
import type { AuthProviderEntry } from './kubeconfig.ts';
import {
  expiryOf,
  GrantRefusedError,
  isFresh,
  isOidc,
  logInAgain,
  type OidcProvider,
  type OidcTokens,
  providerOf,
  tokensOf,
} from './oidc-config.ts';
import { readTokens, writeTokens } from './token-file.ts';

/** The name under which the entry is hidden from KubeConfig, whose own OpenIDConnectAuth would take it first. */
const providerName = 'oidc that refreshes';

/** A user's `auth-provider`, for {@link oidcLogin} where it is OpenID Connect. */
export function asOwnProvider(provider: AuthProviderEntry): AuthProviderEntry {
  return isOidc(provider) ? { ...provider, name: providerName } : provider;
}

/**
 * @param place where new tokens are written; they are kept in memory only where absent
 * @param say told that they could not be written
 */
export function oidcLogin(
  place: UserPlace | undefined,
  say: (line: string) => void,
  clock: Clock,
): Authenticator {
  return {
    isAuthProvider: ({ authProvider }: User) => authProvider?.name === providerName,
    async applyAuthentication({ authProvider: { config } }: User, options: RequestOptions) {
      const token = await idTokenOf({ provider: providerOf(config), place, say, clock }, tokensOf(config));
      options.headers = { ...(options.headers as object), Authorization: `Bearer ${token}` };
    },
  };
}

/** How long another process may take to write down what it was given, in milliseconds. */
const writingMs = 1_000;

interface OidcUser {
  readonly provider: OidcProvider;
  readonly place: UserPlace | undefined;
  readonly say: (line: string) => void;
  readonly clock: Clock;
}

/** What this process knows of one user: all who log in as it refresh together, since a refresh token may work but once. */
interface Session {
  /** The latest, which need not be in the kubeconfig. */
  tokens: OidcTokens;
  /** Refresh tokens that newer ones have come for. */
  readonly spent: Set<string>;
  renewal: Promise<OidcTokens> | undefined;
  hasWarned: boolean;
}

const sessions = new Map<string, Session>();

function sessionOf({ provider: { issuer, clientId }, place }: OidcUser, tokens: OidcTokens): Session {
  const key = JSON.stringify([issuer, clientId, place ? [place.file, place.name] : tokens.refreshToken]);
  const known = sessions.get(key);
  if (known) return known;
  const session = { tokens, spent: new Set<string>(), renewal: undefined, hasWarned: false };
  sessions.set(key, session);
  return session;
}

/** @param given as they were in the kubeconfig when it was read */
async function idTokenOf(user: OidcUser, given: OidcTokens): Promise<string> {
  if (given.idToken !== '' && expiryOf(given.idToken) === undefined)
    throw new UsageError('its id-token is no JWT', { hint: logInAgain });
  const now = user.clock.now();
  if (isFresh(given.idToken, now)) return given.idToken;
  const session = sessionOf(user, given);
  if (!session.renewal && isFresh(session.tokens.idToken, now)) return session.tokens.idToken;
  session.renewal ??= renew(user, session).finally(() => {
    session.renewal = undefined;
  });
  session.tokens = await session.renewal;
  return session.tokens.idToken;
}

/** New tokens: those that another process has written since, else the provider's, which are written in their turn. */
async function renew(user: OidcUser, session: Session): Promise<OidcTokens> {
  const found = await written(user);
  if (found && isFresh(found.idToken, user.clock.now())) return found;
  const isNewer = found && found.refreshToken !== '' && !session.spent.has(found.refreshToken);
  const used = isNewer ? found.refreshToken : session.tokens.refreshToken;
  if (used === '')
    throw new UnreachableError('its ID token has expired, and it has no refresh-token', { hint: logInAgain });
  const { refreshedTokens } = await import('./oidc-refresh.ts');
  try {
    const tokens = await refreshedTokens(user.provider, used, user.clock);
    session.spent.add(used);
    return await kept(user, session, tokens);
  } catch (error) {
    return await othersOr(user, error);
  }
}

const written = async ({ place, provider }: OidcUser) => place && readTokens(place, provider);

/** Tokens of another process that was faster, and may be about to write them; else the error. */
async function othersOr(user: OidcUser, error: unknown): Promise<OidcTokens> {
  for (const waitMs of user.place && error instanceof GrantRefusedError ? [0, writingMs] : []) {
    if (waitMs > 0) await user.clock.sleep(waitMs);
    const found = await written(user);
    if (found && isFresh(found.idToken, user.clock.now())) return found;
  }
  throw error;
}

/** Writes new tokens down; without a place for them, or where that fails, they are this process's alone. */
async function kept(user: OidcUser, session: Session, tokens: OidcTokens): Promise<OidcTokens> {
  const { provider, place, say, clock } = user;
  if (!place) return tokens;
  try {
    const others = await writeTokens(place, provider, { tokens, spent: session.spent }, clock);
    return others && isFresh(others.idToken, clock.now()) ? others : tokens;
  } catch (error) {
    if (!session.hasWarned) say(notWritten(place, messageOf(error)));
    session.hasWarned = true;
    return tokens;
  }
}

const notWritten = ({ file, name }: UserPlace, why: string) =>
  `new tokens of the user ${name} could not be written into ${file}: ${why}. This run goes on with them; where the ` +
  'identity provider takes a refresh token only once, the one in the file is worth nothing now, and kubectl needs a new login';
