/** The credentials in use: asked for once in a while, refreshed when the server rejects them. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../clock.ts';
import type { CredentialSource, Credentials } from './credentials.ts';

/** How long credentials are used before they are asked for again (exec plugins have a cache of their own). */
const freshForMs = 10_000;
/** Rejected credentials are not refreshed more often than this: a plugin run is slow. */
const refreshEveryMs = 5_000;

export interface Login {
  /** Credentials of this moment, where they need not be waited for. */
  known(): Credentials | undefined;
  /** Credentials of this moment. */
  current(): Promise<Credentials>;
  /**
   * New credentials after the server rejected `rejected`, from a source with empty caches; the same again
   * where there was a refresh just now.
   */
  refresh(rejected: Credentials): Promise<Credentials>;
}

/** @param open makes a source with empty caches, from the kubeconfig as it is now */
export function createLogin(open: () => Promise<CredentialSource>, clock: Clock): Login {
  let source: Promise<CredentialSource> | undefined;
  let latest: Promise<Credentials> | undefined;
  let given: Credentials | undefined;
  let askedAt = 0;
  let refreshedAt = -Infinity;

  /** One question at a time; a failed one is forgotten, so that the next caller asks again. */
  const ask = () => {
    askedAt = clock.monotonic();
    source ??= open();
    const asked = source.then((give) => give());
    latest = asked;
    given = undefined;
    asked.then(
      (credentials) => {
        if (latest === asked) given = credentials;
      },
      () => {
        if (latest !== asked) return;
        latest = undefined;
        source = undefined;
      },
    );
    return asked;
  };
  const isFresh = () => clock.monotonic() - askedAt < freshForMs;
  const current = () => (latest && isFresh() ? latest : ask());

  return {
    known: () => (isFresh() ? given : undefined),
    current,
    async refresh(rejected) {
      const known = await current();
      if (!isSame(known, rejected)) return known;
      // Another caller with the same credentials may have begun to refresh them while this one waited.
      if (clock.monotonic() - refreshedAt < refreshEveryMs) return current();
      refreshedAt = clock.monotonic();
      source = undefined;
      return ask();
    },
  };
}

function isSame(a: Credentials, b: Credentials): boolean {
  return a === b || (isDeepStrictEqual(a.headers, b.headers) && isDeepStrictEqual(a.tls, b.tls));
}
